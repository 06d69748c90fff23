import { readFileSync } from 'node:fs'

/** Version in package.json. The command runs as dist/cli.js. */
export const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
