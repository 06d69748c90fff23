/** A project with the packed package installed, and what the conformance programme reads: the same files for every runtime. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm } from '../npm.mjs'

export const root = new URL('../..', import.meta.url).pathname

function run([command, ...args], cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

/** A folder that is gone when the process ends. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `downhill-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Packs the package and unpacks it as node_modules/downhill of a folder, as an installation without dependencies does. */
export function installPacked(folder) {
  const [{ filename, files }] = JSON.parse(run([...npm, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  const home = join(folder, 'node_modules/downhill')
  mkdirSync(home, { recursive: true })
  run(['tar', '-xzf', join(folder, filename), '--strip-components=1', '-C', home], folder)
  rmSync(join(folder, filename))
  return files.map(({ path }) => path)
}

/** The files of the package's entries under a condition, as its exports map has them: { 'downhill/nn': 'node_modules/downhill/dist/nn.js' }. */
export function entriesFor(folder, condition) {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'node_modules/downhill/package.json'), 'utf8'))
  const chosen = (entry) =>
    typeof entry === 'string' ? entry : entry[Object.keys(entry).find((key) => key === condition || key === 'default')]
  const entries = Object.entries(exports).map(([path, entry]) => [name + path.slice(1), `node_modules/${name}/${chosen(entry).slice(2)}`])
  return Object.fromEntries(entries)
}

/** The page of the programme, with the import map of the package for browsers. */
export function pageFor(folder) {
  const imports = Object.entries(entriesFor(folder, 'browser')).map(([name, file]) => [name, `./${file}`])
  return readFileSync(join(folder, 'page.html'), 'utf8').replace(
    '"imports": {}',
    `"imports": ${JSON.stringify(Object.fromEntries(imports))}`,
  )
}

/** The golden cases as one text. */
function goldenCases() {
  const folder = join(root, 'tests/conformance/cases')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'))
  return `[${files
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join(',\n')}]`
}

/** Makes the project. */
export function makeProject() {
  const folder = temporaryFolder('runtimes')
  installPacked(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module", "dependencies": { "downhill": "*" } }\n')
  writeFileSync(join(folder, 'cases.json'), goldenCases())
  cpSync(join(root, 'datasets/digits.csv'), join(folder, 'digits.csv'))
  for (const name of ['programme.mjs', 'process.mjs', 'worker.mjs', 'page.html', 'record.mjs'])
    cpSync(join(root, 'tests/runtimes', name), join(folder, name))
  return { folder }
}
