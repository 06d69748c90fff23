/** A project with the packed package and the inputs of the conformance program: the same files for every runtime. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm } from '../npm.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))

function run([command, ...args], cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

/** Creates a folder that is deleted when the process exits. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `downhill-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Packs the package and unpacks it into a folder's node_modules/downhill, like an installation. Returns the packed paths. */
export function installPacked(folder) {
  const [{ filename, files }] = JSON.parse(run([...npm, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  const home = join(folder, 'node_modules/downhill')
  mkdirSync(home, { recursive: true })
  run(['tar', '-xzf', join(folder, filename), '--strip-components=1', '-C', home], folder)
  rmSync(join(folder, filename))
  return files.map(({ path }) => path)
}

/** Resolves the package's entries under an export condition: { 'downhill/nn': 'node_modules/downhill/dist/nn.js' }. */
export function entriesFor(folder, condition) {
  const { name, exports } = JSON.parse(readFileSync(join(folder, 'node_modules/downhill/package.json'), 'utf8'))
  const chosen = (entry) =>
    typeof entry === 'string' ? entry : entry[Object.keys(entry).find((key) => key === condition || key === 'default')]
  const entries = Object.entries(exports).map(([path, entry]) => [name + path.slice(1), `node_modules/${name}/${chosen(entry).slice(2)}`])
  return Object.fromEntries(entries)
}

/** Returns page.html with an import map of the package for browsers. */
export function pageFor(folder) {
  const imports = Object.entries(entriesFor(folder, 'browser')).map(([name, file]) => [name, `./${file}`])
  return readFileSync(join(folder, 'page.html'), 'utf8').replace(
    '"imports": {}',
    `"imports": ${JSON.stringify(Object.fromEntries(imports))}`,
  )
}

/** Returns the golden cases, and their files in base64. */
function goldenCases() {
  const folder = join(root, 'tests/conformance/cases')
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  const cases = paths.filter((path) => path.endsWith('.json')).map((path) => JSON.parse(readFileSync(join(folder, path), 'utf8')))
  const beside = paths.filter((path) => /\.(pt|safetensors)$/.test(path))
  return { cases, files: Object.fromEntries(beside.map((path) => [basename(path), readFileSync(join(folder, path)).toString('base64')])) }
}

/** The step after which every runtime continues the training runs of resume.mjs. */
const HANDED_OVER = 60

/** Runs resume.mjs and threads.mjs in this Node. Returns the checkpoint at the handover, and the hashes of the last ones of uninterrupted runs. */
function handedOver(folder) {
  const program = `
    import { createHash } from 'node:crypto'
    import { Arena } from 'downhill'
    import { sha256 } from './program.mjs'
    import { advance, begin, STEPS } from './resume.mjs'
    import { checkpoints } from './threads.mjs'
    const checkpoint = Buffer.from(advance(begin(), ${HANDED_OVER})).toString('base64')
    const end = createHash('sha256').update(advance(begin(), STEPS)).digest('hex')
    console.log(JSON.stringify({ checkpoint, end, trained: await sha256(checkpoints(await Arena.create()), 'checkpoints') }))
  `
  return JSON.parse(run([process.execPath, '--input-type=module', '-e', program], folder))
}

/** Trains a model of the table of predictions.mjs with a command in this Node. Returns its checkpoint. */
export function trainTable(folder, cli, csv) {
  writeFileSync(join(folder, 'table.csv'), csv)
  const options = ['--target', 'kind', '--hidden', '16,8', '--epochs', '30', '--lr', '0.01']
  run([process.execPath, cli, 'train', '--data', 'table.csv', ...options, '--save', 'table.checkpoint'], folder)
  return readFileSync(join(folder, 'table.checkpoint'))
}

/** Trains a table model with the packed command. Returns its checkpoint, and the hash of its predictions by the packed package. */
function tableModel(folder) {
  const cli = join(folder, 'node_modules/downhill/dist/cli.js')
  const csv = run(
    [process.execPath, '--input-type=module', '-e', "import { csv } from './predictions.mjs'; process.stdout.write(csv)"],
    folder,
  )
  const bytes = trainTable(folder, cli, csv)
  const program = `
    import { createHash } from 'node:crypto'
    import { readFileSync } from 'node:fs'
    import { predictions } from './predictions.mjs'
    // The same form in which program.mjs hashes texts.
    console.log(createHash('sha256').update(await predictions(readFileSync('table.checkpoint')) + ';').digest('hex'))
  `
  const predicted = run([process.execPath, '--input-type=module', '-e', program], folder).trim()
  return { tableModel: bytes.toString('base64'), predicted }
}

/** Creates the project. Returns its folder, and the hashes of resumed runs, of trained models and of predictions. */
export function makeProject() {
  const folder = temporaryFolder('runtimes')
  installPacked(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module", "dependencies": { "downhill": "*" } }\n')
  cpSync(join(root, 'datasets/digits.csv'), join(folder, 'digits.csv'))
  for (const name of [
    'program.mjs',
    'predictions.mjs',
    'resume.mjs',
    'threads.mjs',
    'entries.mjs',
    'process.mjs',
    'printing.mjs',
    'worker.mjs',
    'page.html',
    'record.mjs',
  ])
    cpSync(join(root, 'tests/runtimes', name), join(folder, name))
  const { checkpoint, end, trained } = handedOver(folder)
  const { tableModel: model, predicted } = tableModel(folder)
  const given = { ...goldenCases(), checkpoint, handedOver: HANDED_OVER, tableModel: model }
  writeFileSync(join(folder, 'given.json'), JSON.stringify(given))
  return { folder, end, trained, predicted }
}
