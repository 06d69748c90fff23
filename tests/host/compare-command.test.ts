import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { Report } from '../../host/compare/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-compare-'))
const cli = join(root, 'dist/cli.js')

function downhill(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${(i % 7) * 2 - (i % 5)}`)
const good = file('good.csv', ['a,b,y', ...rows].join('\n'))
const reportOf = (name: string): Report => JSON.parse(readFileSync(join(folder, name, 'report.json'), 'utf8'))
const withoutTimes = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, entry) => (key === 'seconds' || key === 'command' ? undefined : entry)))

afterAll(() => rmSync(folder, { recursive: true }))

describe('downhill compare', () => {
  it('trains, prints a ranked table and writes report.json and report.html', () => {
    const quick = ['--epochs', '5', '--trials', '2', '--seeds', '2', '--optimizers', 'SGD,Adam']
    const { code, out, err } = downhill(
      'compare',
      '--data',
      good,
      '--target',
      'y',
      '--task',
      'classification',
      '--out',
      join(folder, 'out'),
      ...quick,
    )
    expect(code).toBe(0)
    expect(err).toMatch(
      /^note: y, the target: '-3' has 1 of 60 rows, .* and 12 more classes have fewer than 10; their results are uncertain\n$/,
    )
    expect(out).toMatch(/good\.csv: 60 rows, 2 features/)
    expect(out).toMatch(/^1 {2}(SGD|Adam)/m)
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['report.html', 'report.json'])
    const report = JSON.parse(readFileSync(join(folder, 'out/report.json'), 'utf8'))
    expect(Object.keys(report)).toEqual([
      'format',
      'version',
      'runtime',
      'command',
      'problem',
      'model',
      'metric',
      'protocol',
      'baselines',
      'results',
      'ranking',
      'comparisons',
      'recommendation',
    ])
    expect(report.problem.sha256).toMatch(/^[0-9a-f]{64}$/)
    const page = readFileSync(join(folder, 'out/report.html'), 'utf8')
    expect(page).toMatch(/<svg class="wide"/)
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
    const inside = page.match(/<script type="application\/json" id="report">(.*?)<\/script>/s)![1]!
    expect(JSON.parse(inside)).toEqual(report)
  })

  it('escapes names in the page', () => {
    const evil = file('evil.csv', ['a,b,"</script><b>y"', ...rows].join('\n'))
    const args = ['--target', '</script><b>y', '--epochs', '1', '--trials', '1', '--seeds', '1', '--optimizers', '<i>=SGD']
    expect(downhill('compare', '--data', evil, ...args, '--out', join(folder, 'evil')).code).toBe(0)
    const page = readFileSync(join(folder, 'evil/report.html'), 'utf8')
    expect(page).not.toContain('<i>')
    expect(page.match(/<\/script>/g)!.length).toBe(1)
  })

  it.each([
    [['--data', 'none.csv', '--target', 'y'], /none\.csv cannot be read: no such file or folder/],
    [['--data', file('empty.csv', ''), '--target', 'y'], /empty\.csv: the table is empty$/],
    [['--data', good, '--target', 'z'], /good\.csv: the table has no column 'z'; the columns are a, b, y$/],
    [['--data', file('text.csv', ['a,b,y', ...rows, '1,two,3'].join('\n')), '--target', 'y'], /line 62: 'two' in the column b/],
    [
      ['--data', file('ragged.csv', ['a,b,y', ...rows, '1,2'].join('\n')), '--target', 'y'],
      /ragged\.csv: line 62 must have 3 cells like the header, got 2$/,
    ],
    [
      ['--data', file('far.csv', ['a,b,y', ...rows, '1,1e200,3'].join('\n')), '--target', 'y'],
      /line 62: '1e200' in the column b must be within/,
    ],
    [
      ['--data', good, '--target', 'y', '--task', 'ranking'],
      /^downhill compare: --task must be classification or regression, got 'ranking'$/,
    ],
    [['--task', 'regression'], /^downhill compare: --task needs --data$/],
    [['--seeds', '99999999999'], /^downhill compare: seeds must be an integer in \[1, 1000\], got 99999999999$/],
    [['--data', good], /--data needs --target/],
    [['--target', 'y'], /^downhill compare: --target needs --data$/],
    [
      ['--problem', 'digit'],
      /^downhill compare: --problem must be digits, diabetes, verses, characters, quadratic, rosenbrock, beale, himmelblau, rastrigin, got 'digit'$/,
    ],
    [['--optimizers', 'SDG'], /unknown optimizer 'SDG'; did you mean SGD\?$/],
    [['--epochs', '-1'], /epochs/],
    [['--epochs', 'many'], /^downhill compare: --epochs must be an integer, got 'many'$/],
    [['--optimizer', 'SGD'], /Unknown option '--optimizer'/],
  ])('%j exits with code 2 and a one-sentence error, and writes nothing', (args, message) => {
    const { code, out, err } = downhill('compare', ...args, '--out', join(folder, 'refused'))
    expect([code, out]).toEqual([2, ''])
    expect(err.trim()).toMatch(message)
    expect(err).not.toMatch(/\n {4}at /)
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })
})

describe('the output folder', () => {
  const quick = ['--data', good, '--target', 'y', '--epochs', '1', '--trials', '1', '--seeds', '1', '--optimizers', 'SGD']

  it.each([
    [good, /cannot be a folder: .*good\.csv is a file$/],
    [join(good, 'deeper'), /cannot be a folder: .*good\.csv is a file$/],
    ['', /^downhill compare: the output folder must have a name$/],
  ])('%s is rejected before training starts', (out, message) => {
    const { code, err } = downhill('compare', ...quick, '--out', out)
    expect([code, err.split('\n').length]).toEqual([2, 2])
    expect(err.trim()).toMatch(message)
  })

  it('gets both files or neither', () => {
    const out = join(folder, 'blocked')
    mkdirSync(join(out, 'report.html'), { recursive: true })
    const { code, err } = downhill('compare', ...quick, '--out', out)
    expect([code, readdirSync(out)]).toEqual([2, ['report.html']])
    expect(err).toMatch(/report\.html cannot be written: it is a folder/)
  })
})

describe('a receipt', () => {
  const small = [
    '--data',
    good,
    '--target',
    'y',
    '--task',
    'regression',
    '--epochs',
    '4',
    '--trials',
    '3',
    '--seeds',
    '3',
    '--optimizers',
    'X=SGD,Adam',
    '--seed',
    '7',
  ]

  it('replays to the same numbers with any number of workers', () => {
    expect(downhill('compare', ...small, '--out', 'first', '--workers', '1').code).toBe(0)
    const { code, out, err } = downhill('compare', '--replay', 'first/report.json', '--out', 'again', '--workers', '3')
    expect([code, err, out.trim().split('\n').at(-1)]).toEqual([0, '', 'every number equals the receipt'])
    expect(withoutTimes(reportOf('again'))).toEqual(withoutTimes(reportOf('first')))
    expect(reportOf('again').command).toBe(reportOf('first').command)
  })

  it('with different numbers exits with code 1 and prints the first difference', () => {
    const report = reportOf('first')
    const runs = report.results[1]!.runs.map((run, i) => (i === 2 ? { ...run, value: run.value! + 1e-12 } : run))
    file('forged.json', JSON.stringify({ ...report, results: [report.results[0], { ...report.results[1], runs }] }))
    const { code, err } = downhill('compare', '--replay', 'forged.json', '--out', 'forged')
    expect([code, err.trim()]).toEqual([1, 'downhill compare: the replay differs from the receipt at results.1.runs.2.value'])
  })

  it('replays with a renamed table', () => {
    const renamed = file('renamed.csv', readFileSync(good, 'utf8'))
    expect(downhill('compare', '--replay', 'first/report.json', '--data', renamed, '--out', 'renamed').code).toBe(0)
  })

  it('with a changed table exits with code 2', () => {
    const other = file('other.csv', readFileSync(good, 'utf8').replace('1,1,1', '1,1,2'))
    const { code, err } = downhill('compare', '--replay', 'first/report.json', '--data', other, '--out', 'other')
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/other\.csv has changed since first\/report\.json was written: its checksum differs/),
    ])
  })

  it.each([
    ['{', /none\.json is not a receipt of downhill compare: .*JSON/],
    ['[]', /none\.json is not a receipt of downhill compare: it is \[\]$/],
    ['{}', /none\.json is not a receipt of downhill compare: its format must be 1, got undefined$/],
    ['{"format":1}', /its problem has no source$/],
    [
      '{"format":1,"problem":{"source":{"problem":"digits"}},"protocol":{"spaces":{"A":{"lr":3}}}}',
      /none\.json is not a receipt of downhill compare: the search space of 'A' is invalid$/,
    ],
  ])('that is invalid exits with code 2: %s', (text, message) => {
    const { code, err } = downhill('compare', '--replay', file('none.json', text), '--out', 'none')
    expect(code).toBe(2)
    expect(err.trim()).toMatch(message)
  })

  it('cannot be combined with options that it determines', () => {
    const { code, err } = downhill('compare', '--replay', 'first/report.json', '--trials', '3', '--out', 'none')
    expect([code, err.trim()]).toEqual([2, 'downhill compare: --trials cannot be combined with first/report.json, which determines it'])
  })

  it('is printed with --json', () => {
    const { out } = downhill('compare', ...small, '--out', 'printed', '--json')
    expect(JSON.parse(out)).toEqual(reportOf('printed'))
  })

  it('of an interrupted comparison resumes to the numbers of an uninterrupted one', async () => {
    const args = ['compare', '--problem', 'characters', '--epochs', '1', '--trials', '12', '--seeds', '8', '--optimizers', 'SGD,Adam']
    const child = spawn(process.execPath, [cli, ...args, '--out', 'stopped', '--workers', '2'], { cwd: folder })
    let out = ''
    child.stdout.on('data', (text) => {
      out += text
    })
    const closed = new Promise((resolve) => child.on('close', resolve))
    await new Promise((resolve) => setTimeout(resolve, 1800))
    child.kill('SIGINT')
    expect(await closed).toBe(130)
    expect(out).toMatch(/stopped after \d+ runs; resume with: downhill compare --resume stopped\/unfinished\.json --out stopped/)
    expect(readdirSync(join(folder, 'stopped'))).toEqual(['unfinished.json'])
    const done = JSON.parse(readFileSync(join(folder, 'stopped/unfinished.json'), 'utf8')).runs.length
    expect(done).toBeLessThan(40)
    expect(downhill('compare', '--resume', 'stopped/unfinished.json', '--out', 'stopped').code).toBe(0)
    expect(readdirSync(join(folder, 'stopped')).sort()).toEqual(['report.html', 'report.json'])
    expect(downhill(...args, '--out', 'whole').code).toBe(0)
    expect(withoutTimes(reportOf('stopped'))).toEqual(withoutTimes(reportOf('whole')))
  })
})

describe('problems', () => {
  const quick = ['--trials', '2', '--seeds', '2', '--optimizers', 'SGD,LBFGS', '--epochs', '2']

  it.each([
    ['digits', 'classification', 'accuracy'],
    ['diabetes', 'regression', 'R²'],
    ['verses', 'classification', 'accuracy'],
    ['characters', 'language', '−loss'],
    ['quadratic', 'function', '−log₁₀ loss'],
    ['rosenbrock', 'function', '−log₁₀ loss'],
    ['beale', 'function', '−log₁₀ loss'],
    ['himmelblau', 'function', '−log₁₀ loss'],
    ['rastrigin', 'function', '−log₁₀ loss'],
  ])('%s runs as a %s problem', (problem, kind, metric) => {
    const { code, err } = downhill('compare', '--problem', problem, ...quick, '--out', problem, '--batch-size', '256')
    expect([code, err]).toEqual([0, ''])
    const report = reportOf(problem)
    expect([report.problem.kind, report.metric.name, report.problem.source]).toEqual([kind, metric, { problem }])
    expect(report.protocol).toMatchObject(kind === 'function' ? { steps: 20 } : { epochs: 2 })
    expect(report.problem.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('a custom model runs, and its errors exit with code 2', () => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    symlinkSync(root, join(folder, 'node_modules/downhill'))
    const model = (name: string, more = '') =>
      file(
        name,
        `import * as nn from 'downhill/nn'
let arena
export function build(given, generator) {
  arena = given
  return new nn.Sequential(new nn.Linear(arena, 2, 8, { generator }), new nn.Tanh(), new nn.Linear(arena, 8, 1, { generator }))
}
export const loss = (model, { x, y }) => nn.functional.mseLoss(model.forward(arena.tensor(x, [16, 2])), arena.tensor(y, [16, 1]))
export function data(generator) {
  const batch = () => {
    const x = Array.from({ length: 32 }, () => 2 * generator.uniform() - 1)
    return { x, y: Array.from({ length: 16 }, (_, i) => x[2 * i] * x[2 * i + 1]) }
  }
  return { train: Array.from({ length: 10 }, batch), held: Array.from({ length: 4 }, batch) }
}
${more}`,
      )
    const run = (path: string, out: string) => downhill('compare', '--model', path, ...quick, '--out', out)
    expect(run(model('model.mjs'), 'own')).toMatchObject({ code: 0, err: '' })
    const report = reportOf('own')
    expect(report.model).toEqual({ file: 'model.mjs', sha256: report.problem.sha256 })
    expect(report.metric.name).toBe('−loss')
    expect(report.results[0]!.value).toBeGreaterThan(-1)
    expect(downhill('compare', '--replay', 'own/report.json', '--out', 'own-again').code).toBe(0)

    expect(run(model('scored.mjs', 'export const metric = (model, batch) => 1 - loss(model, batch).item()'), 'scored').code).toBe(0)
    expect(reportOf('scored').metric.name).toBe('metric')
    expect(run(file('empty.mjs', 'export const build = 3'), 'none').err.trim()).toMatch(
      /^downhill compare: empty\.mjs: must export a function build; the exports are build$/,
    )
    expect(run(file('broken.mjs', 'export const'), 'none').err.trim()).toMatch(/broken\.mjs cannot be imported: .*$/)
    const exits = model('exits.mjs', 'export const metric = () => process.exit(3)')
    expect(run(exits, 'none').err).toBe('downhill compare: exits.mjs: a worker thread exited with code 3 during a run\n')
    const spent = file(
      'spent.mjs',
      `${readFileSync(model('model.mjs'), 'utf8').replace('held: Array', 'held: (function* () {})(), other: Array')}`,
    )
    expect(run(spent, 'none').err).toMatch(/data\(\) must return \{ train, held \}, arrays of batches; its held is an object/)
    expect(run(model('thrown.mjs', 'export const metric = () => { throw new Error("no") }'), 'none')).toMatchObject({
      code: 2,
      err: 'downhill compare: thrown.mjs: Error: no\n',
    })
  })

  it("a custom model that uses the arena's generator gives the same numbers with any number of workers", () => {
    const path = join(folder, 'default.mjs')
    writeFileSync(
      path,
      readFileSync(join(folder, 'model.mjs'), 'utf8')
        .replaceAll(', { generator }', '')
        .replace('new nn.Tanh()', 'new nn.Tanh(), new nn.Dropout(0.2)'),
    )
    const reports = ['1', '3'].map((workers) => {
      expect(downhill('compare', '--model', path, ...quick, '--trials', '4', '--workers', workers, '--out', `threads${workers}`).code).toBe(
        0,
      )
      return withoutTimes(reportOf(`threads${workers}`))
    })
    expect(reports[1]).toEqual(reports[0])
  })

  it('a large table runs with quoted commas, missing values, a constant column and a column of 1,000 distinct categories', () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => {
      const amount = ((i * 7919) % 1000) / 10
      return `${i},city${(i * 31) % 1000},"${i % 50 === 0 ? '' : amount}",7,"${['x', 'y', 'z, w'][i % 3]}",${amount + (i % 3) * 20 > 60 ? 'yes' : 'no'}`
    })
    const table = file('large.csv', ['id,city,"amount, net",constant,kind,label', ...lines].join('\n'))
    const args = ['--data', table, '--target', 'label', '--epochs', '1', '--trials', '1', '--seeds', '2', '--optimizers', 'SGD,Adam']
    const { code, err, out } = downhill('compare', ...args, '--out', 'large')
    expect(code).toBe(0)
    expect(err.split('\n')).toEqual([
      'note: city: 1000 distinct categories, dropped',
      'note: amount, net: 1000 empty cells (lines 2, 52, 102, 152, 202, …), filled with the mean',
      'note: constant: constant over the training rows, dropped',
      '',
    ])
    expect(out).toMatch(/^large\.csv: 50000 rows, 5 features, classification$/m)
    expect(reportOf('large').problem).toMatchObject({ rows: 50_000, features: 5, classes: 2 })
  })

  it('--minutes reduces the plan to fit the time budget', () => {
    const args = ['--problem', 'characters', '--minutes', '0.05', '--optimizers', 'SGD,Adam']
    const { code, err } = downhill('compare', ...args, '--out', 'timed')
    expect(code).toBe(0)
    expect(err).toMatch(/^plan for 0\.05 minutes: \d+ trials, \d+ seeds and \d+ epochs? take about \d+ s; reductions: .*\d+ of 24 trials/)
    const { protocol } = reportOf('timed')
    expect(protocol.seeds.length).toBeGreaterThanOrEqual(5)
  })
})
