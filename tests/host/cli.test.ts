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

describe('downhill conformance', () => {
  const sgd = join(root, 'tests/conformance/cases/optimizer/sgd.json')

  it('passes a correct case, emits its results, and prints the counts last', () => {
    const { code, out } = downhill('conformance', sgd, '--emit', join(folder, 'emit'))
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
    expect(readdirSync(join(folder, 'emit')).sort()).toEqual(['sgd.float32.json', 'sgd.float64.json'])
    const { expected } = JSON.parse(readFileSync(sgd, 'utf8'))
    const result = JSON.parse(readFileSync(join(folder, 'emit/sgd.float64.json'), 'utf8'))
    expect(Object.keys(result.params)).toEqual(Object.keys(expected.float64.params))
    expect(result.state.param_groups[0].params).toEqual([0, 1, 2])
  })

  it('fails a wrong case, still emits its results, and exits with 1', () => {
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

  it('skips files that are not cases, and selects names by pattern', () => {
    const cases = join(root, 'tests/conformance')
    const { code, out } = downhill('conformance', cases, '--only', 'sgd-m*')
    expect([code, out.trim().split('\n').at(-1)]).toEqual([0, '2 passed, 0 failed'])
  })

  it('prints the files it skips in a folder', () => {
    const own = join(folder, 'mixed')
    mkdirSync(own)
    file('mixed/broken.json', '{')
    file('mixed/other.json', '{"format":2}')
    file('mixed/sgd.json', readFileSync(sgd, 'utf8'))
    const { code, err } = downhill('conformance', own)
    expect([code, err.match(/^skipped .*(broken|other)\.json: not /gm)?.length]).toEqual([0, 2])
  })

  it('prints that a case may lack a field', () => {
    const { code, out } = downhill('conformance', file('half.json', '{"format":1,"name":"half","kind":"optimizer","optimizer":"SGD"}'))
    expect([code, out]).toEqual([1, expect.stringContaining('FAIL half float64  the case could not run; a field may be missing.')])
  })

  it.each([['../outside'], ['a/b'], ['.hidden'], ['a\\b']])('rejects a case name that would write outside the folder: %s', (name) => {
    const test = { ...JSON.parse(readFileSync(sgd, 'utf8')), name }
    const { code, err } = downhill('conformance', file('named.json', JSON.stringify(test)), '--emit', join(folder, 'inside'))
    expect([code, existsSync(join(folder, 'inside'))]).toEqual([2, false])
    expect(err).toMatch(/a case's name must be a file name, got /m)
  })

  it('reads files beside a case, and writes files for another program to continue', () => {
    const name = 'file-lbfgs-bundle'
    const files = join(root, 'tests/conformance/cases/torch-file')
    const { code } = downhill('conformance', join(files, `${name}.json`), '--emit', join(folder, 'files'))
    expect([code, readdirSync(join(folder, 'files')).sort()]).toEqual([0, [`${name}.float32.json`, `${name}.pt`, `${name}.safetensors`]])
    const test = JSON.parse(readFileSync(join(files, `${name}.json`), 'utf8'))
    const outside = file('outside.json', JSON.stringify({ ...test, file: '../sgd.json' }))
    expect(downhill('conformance', outside).out).toMatch(
      /^FAIL file-lbfgs-bundle float32 {2}a file beside the case must have a plain name, got '\.\.\/sgd\.json'/,
    )
  })

  it.each([
    [[sgd, '--emit', '']],
    [[]],
    [['none']],
    [[file('other.json', '{"format":2}')]],
    [[file('broken.json', '{')]],
    [[sgd, '--only', 'x']],
  ])('%j is invalid input and exits with 2', (args) => {
    const { code, err } = downhill('conformance', ...args)
    expect(code).toBe(2)
    expect(err).toMatch(/^downhill conformance: /)
  })
})

describe('downhill', () => {
  it('exits quietly when the output pipe closes', () => {
    const cases = join(root, 'tests/conformance/cases/optimizer')
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', `"$0" "$1" conformance "$2" | head -n 1`, process.execPath, join(root, 'dist/cli.js'), cases],
      { encoding: 'utf8' },
    )
    expect([stdout.split('\n').length, stderr, status]).toEqual([2, '', 0])
  })

  it('prints its help and version, and exits with 2 for an unknown command', () => {
    expect(downhill('--help')).toMatchObject({ code: 0 })
    expect(downhill('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(downhill()).toMatchObject({ code: 2 })
    expect(downhill('train-all').err).toMatch(/^downhill: unknown command train-all/)
    for (const command of ['compare', 'train', 'inspect', 'conformance'])
      expect(downhill(command, '--help')).toMatchObject({ code: 0, err: '' })
  })
})
