/**
 * The npm that runs the tests, as a command and its first arguments. By name one would get npm 6, which a dependency of as-pect puts into
 * node_modules/.bin and `npm test` into the path.
 */
const script = process.env.npm_execpath
export const npm = script ? [process.execPath, script] : ['npm']
