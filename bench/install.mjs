/** Installs missing peers into this folder: package.json's by npm, without a lockfile, and requirements.txt's by pip into .venv. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { npm } from '../tests/npm.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const read = (file) => readFileSync(folder + file, 'utf8')

/** Node 24 runs both sides, because Node 20 has no relaxed SIMD. */
export const node = `${folder}node_modules/node24/bin/node`
export const python = `${folder}.venv/bin/python`

/** The peers' versions, by package. */
export const versions = {
  ...Object.fromEntries(
    Object.entries(JSON.parse(read('package.json')).dependencies).map(([name, spec]) => [name, spec.split('@').at(-1)]),
  ),
  torch: read('requirements.txt').match(/^torch==(.*)$/m)[1],
}

function succeeds(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] })
  return status === 0
}

function hasPackages() {
  try {
    const { torch, ...packages } = versions
    return Object.entries(packages).every(([name, version]) => JSON.parse(read(`node_modules/${name}/package.json`)).version === version)
  } catch {
    return false
  }
}

/** Returns the version of the Python that has torch; undefined if there is none. */
function pythonWithTorch() {
  const code = 'import platform, torch, numpy; print(platform.python_version(), torch.__version__.split("+")[0])'
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' })
  const [version, torch] = status === 0 ? stdout.trim().split(' ') : []
  return torch === versions.torch ? version : undefined
}

/** Installs the peers. Returns the version of the Python with torch; undefined without one. @throws if npm fails */
export function install() {
  const [command, ...first] = npm
  if (!hasPackages() && !succeeds(command, ...first, 'install', '--no-package-lock', '--no-audit', '--no-fund'))
    throw new Error('npm failed to install the peers of bench/package.json')
  const version = pythonWithTorch()
  if (version) return version
  const isThere =
    succeeds('python3', '-m', 'venv', '.venv') && succeeds(python, '-m', 'pip', 'install', '--quiet', '-r', 'requirements.txt')
  return isThere ? pythonWithTorch() : undefined
}
