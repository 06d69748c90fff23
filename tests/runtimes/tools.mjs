/** Finds the runtimes that tests/runtimes/install installed, and those of the machine. */
import { accessSync, constants, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.runtimes/', import.meta.url))

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Returns the path of an installed file; undefined if it is missing. */
export function installed(path) {
  const file = join(folder, path)
  return existsSync(file) ? file : undefined
}

/** Returns the path of the first command that the machine has. Commands are paths or names. */
export function onMachine(...commands) {
  const places = (process.env.PATH ?? '').split(delimiter)
  const files = commands.flatMap((command) => (command.startsWith('/') ? [command] : places.map((place) => join(place, command))))
  return files.find(isExecutable)
}

/** Imports an installed module. */
export async function load(name) {
  const path = createRequire(join(folder, 'package.json')).resolve(name)
  return import(path)
}

export const browsers = {
  chromium: () => process.env.CHROMIUM ?? onMachine('chromium', 'chromium-browser', 'google-chrome'),
  firefox: () => process.env.FIREFOX ?? onMachine('firefox-esr', 'firefox'),
}
