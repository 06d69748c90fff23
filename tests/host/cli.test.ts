import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-'))

function downhill(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${(i % 7) * 2 - (i % 5)}`)
const good = file('good.csv', ['a,b,y', ...rows].join('\n'))

describe('downhill compare', () => {
  it('trains, prints a ranked table and writes report.json and report.html', () => {
    const quick = ['--epochs', '5', '--trials', '2', '--seeds', '2', '--optimizers', 'SGD,Adam']
    const { code, out, err } = downhill('compare', '--data', good, '--target', 'y', '--out', join(folder, 'out'), ...quick)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/good\.csv: 60 rows, 2 features/)
    expect(out).toMatch(/1 {3}(SGD|Adam)/)
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
      'results',
      'ranking',
    ])
    expect(report.problem.sha256).toMatch(/^[0-9a-f]{64}$/)
    const page = readFileSync(join(folder, 'out/report.html'), 'utf8')
    expect(page).toContain('u-wrap')
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
    const inside = page.match(/<script type="application\/json" id="report">(.*?)<\/script>/s)![1]!
    expect(JSON.parse(inside)).toEqual(report)
  })

  it('does not let a name break the page', () => {
    const evil = file('evil.csv', ['a,b,"</script><b>y"', ...rows].join('\n'))
    const args = ['--target', '</script><b>y', '--epochs', '1', '--trials', '1', '--seeds', '1', '--optimizers', '<i>=SGD']
    expect(downhill('compare', '--data', evil, ...args, '--out', join(folder, 'evil')).code).toBe(0)
    const page = readFileSync(join(folder, 'evil/report.html'), 'utf8')
    expect(page).not.toContain('<i>')
    expect(page.match(/<\/script>/g)!.length).toBe(2)
  })

  it.each([
    [['--data', 'none.csv', '--target', 'y'], /no such file or directory.*none\.csv/],
    [['--data', file('empty.csv', ''), '--target', 'y'], /empty\.csv: the table is empty$/],
    [['--data', good, '--target', 'z'], /good\.csv: the table has no column 'z'; there are a, b, y$/],
    [['--data', file('text.csv', ['a,b,y', ...rows, '1,two,3'].join('\n')), '--target', 'y'], /line 62: 'two' in the column b/],
    [['--data', file('ragged.csv', ['a,b,y', ...rows, '1,2'].join('\n')), '--target', 'y'], /line 62 has 2 cells, and the header has 3$/],
    [
      ['--data', file('far.csv', ['a,b,y', ...rows, '1,1e200,3'].join('\n')), '--target', 'y'],
      /line 62: '1e200' in the column b is beyond/,
    ],
    [['--data', good, '--target', 'y', '--task', 'ranking'], /--task is classification or regression, not 'ranking'$/],
    [['--task', 'regression'], /--task goes with --data$/],
    [['--seeds', '99999999999'], /seeds is a whole number from 1 to 1000, not 99999999999$/],
    [['--data', good], /--data needs --target/],
    [['--target', 'y'], /--target goes with --data$/],
    [['--problem', 'digit'], /--problem is digits, not 'digit'$/],
    [['--optimizers', 'SDG'], /there is no optimizer 'SDG'; did you mean SGD\?$/],
    [['--epochs', '-1'], /epochs/],
    [['--epochs', 'many'], /--epochs is a whole number, not 'many'$/],
    [['--optimisers', 'SGD'], /Unknown option '--optimisers'/],
  ])('%j is refused in one sentence, with exit code 2, and nothing is written', (args, message) => {
    const { code, out, err } = downhill('compare', ...args, '--out', join(folder, 'refused'))
    expect([code, out]).toEqual([2, ''])
    expect(err.trim()).toMatch(message)
    expect(err).not.toMatch(/\n {4}at /)
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })
})

describe('the folder of a report', () => {
  const quick = ['--data', good, '--target', 'y', '--epochs', '1', '--trials', '1', '--seeds', '1', '--optimizers', 'SGD']

  it.each([
    [good, /cannot be a folder: .*good\.csv is a file$/],
    [join(good, 'deeper'), /cannot be a folder: .*good\.csv is a file$/],
    ['', /the folder to write to has no name$/],
  ])('%s is refused before anything is trained', (out, message) => {
    const { code, err } = downhill('compare', ...quick, '--out', out)
    expect([code, err.split('\n').length]).toEqual([2, 2])
    expect(err.trim()).toMatch(message)
  })

  it('gets both files or none', () => {
    const out = join(folder, 'blocked')
    mkdirSync(join(out, 'report.html'), { recursive: true })
    const { code, err } = downhill('compare', ...quick, '--out', out)
    expect([code, readdirSync(out)]).toEqual([2, ['report.html']])
    expect(err).toMatch(/report\.html cannot be written: a folder has its name/)
  })
})

describe('downhill conformance', () => {
  const sgd = join(root, 'tests/conformance/cases/optimizer/sgd.json')

  it('passes what is right, emits what it computed, and ends with the counts', () => {
    const { code, out } = downhill('conformance', sgd, '--emit', join(folder, 'emit'))
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
    expect(readdirSync(join(folder, 'emit')).sort()).toEqual(['sgd.float32.json', 'sgd.float64.json'])
    const { expected } = JSON.parse(readFileSync(sgd, 'utf8'))
    const result = JSON.parse(readFileSync(join(folder, 'emit/sgd.float64.json'), 'utf8'))
    expect(Object.keys(result.params)).toEqual(Object.keys(expected.float64.params))
    expect(result.state.param_groups[0].params).toEqual([0, 1, 2])
  })

  it('fails what is wrong, still emits it, and exits with 1', () => {
    const test = JSON.parse(readFileSync(sgd, 'utf8'))
    test.expected.float64.params[1][0][0] += 1e-3
    const wrong = file('wrong.json', JSON.stringify(test))
    const { code, out } = downhill('conformance', wrong, '--json', '--emit', join(folder, 'wrong'))
    const summary = JSON.parse(out)
    expect([code, summary.passed, summary.failed]).toEqual([1, 0, 2])
    expect(summary.cases[0]).toMatchObject({ name: 'sgd', kind: 'optimizer', dtype: 'float64', passed: false })
    expect(summary.cases[0].worst).toMatchObject({ what: 'params[1][0]', limit: 1e-12 })
    expect(readdirSync(join(folder, 'wrong')).length).toBe(2)
  })

  it('passes over what is no case, and takes names by pattern', () => {
    const cases = join(root, 'tests/conformance')
    const { code, out } = downhill('conformance', cases, '--only', 'sgd-m*')
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
  })

  it('tells what it passes over in a folder', () => {
    const own = join(folder, 'mixed')
    mkdirSync(own)
    file('mixed/broken.json', '{')
    file('mixed/other.json', '{"format":2}')
    file('mixed/sgd.json', readFileSync(sgd, 'utf8'))
    const { code, err } = downhill('conformance', own)
    expect([code, err.match(/^passed over .*(broken|other)\.json: this is no /gm)?.length]).toEqual([0, 2])
  })

  it('says that a case lacks a part', () => {
    const { code, out } = downhill('conformance', file('half.json', '{"format":1,"name":"half","kind":"optimizer","optimizer":"SGD"}'))
    expect([code, out]).toEqual([1, expect.stringContaining('FAIL half float64  the case could not be run; is a part of it missing?')])
  })

  it.each([['../outside'], ['a/b'], ['.hidden'], ['a\\b']])('lets no case write outside of the folder: %s', (name) => {
    const test = { ...JSON.parse(readFileSync(sgd, 'utf8')), name }
    const { code, err } = downhill('conformance', file('named.json', JSON.stringify(test)), '--emit', join(folder, 'inside'))
    expect([code, existsSync(join(folder, 'inside'))]).toEqual([2, false])
    expect(err).toMatch(/cannot be a case's name: it names a file$/m)
  })

  it('reads files beside a case, and writes those to be continued', () => {
    const name = 'file-lbfgs-bundle'
    const files = join(root, 'tests/conformance/cases/torch-file')
    const { code } = downhill('conformance', join(files, `${name}.json`), '--emit', join(folder, 'files'))
    expect([code, readdirSync(join(folder, 'files')).sort()]).toEqual([0, [`${name}.float32.json`, `${name}.pt`, `${name}.safetensors`]])
    const test = JSON.parse(readFileSync(join(files, `${name}.json`), 'utf8'))
    const outside = file('outside.json', JSON.stringify({ ...test, file: '../sgd.json' }))
    expect(downhill('conformance', outside).out).toMatch(
      /^FAIL file-lbfgs-bundle float32 {2}'\.\.\/sgd\.json' is not the name of a file beside the case/,
    )
  })

  it.each([
    [[sgd, '--emit', '']],
    [[]],
    [['none']],
    [[file('other.json', '{"format":2}')]],
    [[file('broken.json', '{')]],
    [[sgd, '--only', 'x']],
  ])('%j is bad input', (args) => {
    const { code, err } = downhill('conformance', ...args)
    expect(code).toBe(2)
    expect(err).toMatch(/^downhill conformance: /)
  })
})

describe('downhill', () => {
  it('ends quietly when nobody reads on', () => {
    const cases = join(root, 'tests/conformance/cases/optimizer')
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', `"$0" "$1" conformance "$2" | head -n 1`, process.execPath, join(root, 'dist/cli.js'), cases],
      { encoding: 'utf8' },
    )
    expect([stdout.split('\n').length, stderr, status]).toEqual([2, '', 0])
  })

  it('tells its commands, its version, and what it does not know', () => {
    expect(downhill('--help')).toMatchObject({ code: 0 })
    expect(downhill('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(downhill()).toMatchObject({ code: 2 })
    expect(downhill('train-all').err).toMatch(/^downhill: there is no command train-all/)
    for (const command of ['compare', 'train', 'inspect', 'conformance'])
      expect(downhill(command, '--help')).toMatchObject({ code: 0, err: '' })
  })
})
