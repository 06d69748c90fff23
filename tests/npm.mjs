/**
 * The npm that runs the tests, as a command and its first arguments. The name alone would find npm 6 on the path of `npm test`, because a
 * dependency of as-pect puts it into node_modules/.bin.
 */
const script = process.env.npm_execpath
export const npm = script ? [process.execPath, script] : ['npm']
