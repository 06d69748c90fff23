/** Where the runtimes are that tests/runtimes/install puts in a folder of their own, or that the machine has. */
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

/** A file of the folder the installation made, if it is there. */
export function installed(path) {
  const file = join(folder, path)
  return existsSync(file) ? file : undefined
}

/** The first of some commands that the machine has: a path, or a name to look up. */
export function onMachine(...commands) {
  const places = (process.env.PATH ?? '').split(delimiter)
  const files = commands.flatMap((command) => (command.startsWith('/') ? [command] : places.map((place) => join(place, command))))
  return files.find(isExecutable)
}

/** A module that was installed there. */
export async function load(name) {
  const path = createRequire(join(folder, 'package.json')).resolve(name)
  return import(path)
}

export const browsers = {
  chromium: () => process.env.CHROMIUM ?? onMachine('chromium', 'chromium-browser', 'google-chrome'),
  firefox: () => process.env.FIREFOX ?? onMachine('firefox-esr', 'firefox'),
}
