import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkpoint } from '../../host/io/index.ts'
import { canMount, mounted, unmountAll } from './mounted.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-train-'))
const cli = join(root, 'dist/cli.js')

function train(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'train', ...args], { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

const at = (name: string) => join(folder, name)
const read = (name: string) => checkpoint.read(readFileSync(at(name))) as any
const short = ['--batch-size', '256']

const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${i % 5},${(i % 7) * 2 - (i % 5)}`)
writeFileSync(at('table.csv'), ['a,b,y', ...rows].join('\n'))

afterAll(() => {
  unmountAll()
  rmSync(folder, { recursive: true })
})

describe('downhill train', () => {
  it('trains and prints the test metric', () => {
    const { code, out, err } = train('--epochs', '3', '--lr', '0.01')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /^digits: 1797 rows, 64 features; 2410 parameters; AdamW, 3 epochs\naccuracy on test rows \d\d\.\d %, with the weights of epoch 3\nbalanced accuracy \d\d\.\d %, log loss 0\.\d+\ndigit \(rows: actual, columns: predicted\)\n[ \d\n]+baselines: 10\.0 % majority class, 9\d\.\d % linear model\n$/,
    )
    expect(readdirSync(folder)).toEqual(['table.csv'])
  })

  it.each([
    ['SGD', '8'],
    ['Adafactor', '8'],
    ['Rprop', '8'],
    ['LBFGS', '64'],
  ])('resumes to the same bytes as an uninterrupted run: %s', (optimizer, batch) => {
    const data = ['--data', 'table.csv', '--target', 'y', '--task', 'regression']
    const own = [...data, '--optimizer', optimizer, '--lr', '0.05', '--batch-size', batch, '--seed', '3']
    expect(train(...own, '--epochs', '4', '--save', `${optimizer}-whole`).code).toBe(0)
    expect(train(...own, '--epochs', '1', '--save', `${optimizer}-parts`).out).toMatch(/R² on test rows/)
    expect(train('--resume', `${optimizer}-parts`, '--epochs', '3').code).toBe(0)
    expect(train('--resume', `${optimizer}-parts`, '--epochs', '4', '--save', `${optimizer}-rest`).code).toBe(0)
    expect(readFileSync(at(`${optimizer}-rest`))).toEqual(readFileSync(at(`${optimizer}-whole`)))
  })

  it('passes options to the optimizer, and keeps older checkpoints', () => {
    const options = ['--optimizer', 'SGD', '--lr', '0.1', '--option', 'momentum=0.9', '--option', 'nesterov=true']
    expect(train(...options, ...short, '--epochs', '3', '--save', 'kept/run', '--every', '5', '--keep', '3').code).toBe(0)
    expect(readdirSync(at('kept')).sort()).toEqual(['run', 'run.1', 'run.2'])
    expect(['run', 'run.1', 'run.2'].map((name) => read(`kept/${name}`).run.progress.step)).toEqual([15, 15, 10])
    expect(read('kept/run').optimizer.param_groups[0]).toMatchObject({ lr: 0.1, momentum: 0.9, nesterov: true })
  })

  it('stops early without improvement, with the best weights', () => {
    const { out } = train('--optimizer', 'SGD', '--lr', '2', '--epochs', '100', '--patience', '2', ...short, '--save', 'patient')
    expect(out).toMatch(/SGD, \d+ of 100 epochs, the last 2 without improvement\n/)
    const { run, best, model } = read('patient')
    const { curve } = run.progress
    expect(run.progress.best).toEqual({ epoch: curve.length - 2, metric: Math.max(...curve.map(([, , held]: number[]) => held)) })
    expect(best['0.weight']).not.toEqual(model['0.weight'])
  })

  it('of epochs with equal metrics keeps the last, and stops early as if the first counted', () => {
    expect(train('--optimizer', 'SGD', '--lr', '0', '--epochs', '9', '--patience', '2', ...short, '--save', 'equal').code).toBe(0)
    const { curve, best } = read('equal').run.progress
    expect([curve.length, best.epoch]).toEqual([3, 3])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('finishes the current step, saves, and prints how to resume: %s', async (signal) => {
    const file = at(`stopped ${signal}`)
    const child = spawn(process.execPath, [cli, 'train', '--epochs', '100', '--save', file, '--every', '3'], { cwd: folder })
    const output = { out: '', err: '' }
    child.stdout.on('data', (text) => (output.out += text))
    child.stderr.on('data', (text) => (output.err += text))
    const ended = new Promise((resolve) => child.on('exit', resolve))
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill(signal)
    expect([await ended, output.err]).toEqual([130, ''])
    const { step } = read(`stopped ${signal}`).run.progress
    expect(output.out).toBe(`stopped after step ${step} of 4000; resume with: downhill train --resume '${file}'\n`)
    expect(train('--resume', file, '--epochs', String(Math.ceil(step / 40))).code).toBe(0)
  })

  it.each<[string[], RegExp]>([
    [['--optimizer', 'AdamX'], /unknown optimizer 'AdamX'; did you mean Adam\?$/],
    [['--optimizer', 'Muon'], /unknown optimizer 'Muon'; /],
    [['--lr', 'fast'], /^downhill train: AdamW: lr must be a number in \[0, ∞\], got 'fast'$/],
    [['--option', 'weight_decay=1'], /AdamW has no option weight_decay, did you mean weightDecay\?$/],
    [['--option', 'weightDecay'], /^downhill train: --option must be NAME=VALUE, got 'weightDecay'$/],
    [['--epochs', '0'], /^downhill train: epochs must be an integer in \[1, 1000000\], got 0$/],
    [['--patience', 'two'], /^downhill train: --patience must be an integer, got 'two'$/],
    [['--every', '5'], /^downhill train: --every needs --save$/],
    [['--keep', '0', '--save', 'x'], /^downhill train: --keep must be an integer ≥ 1, got 0$/],
    [['--data', 'table.csv'], /--data needs --target/],
    [['--resume', 'none'], /^downhill train: none cannot be read: no such file or folder$/],
    [
      ['--resume', 'table.csv'],
      /^downhill train: table\.csv: this is not a safetensors file: its header should have 3184056452102892500 bytes, but 374 follow$/,
    ],
    [['--save', 'table.csv/run'], /table\.csv\/run cannot be written: (a part of the path is a file|.*EEXIST.*)$/],
    [['--save', 'table.csv'], /^downhill train: table\.csv exists and is not a checkpoint; it is not overwritten$/],
    [['--save', '.'], /^downhill train: \. exists and is not a checkpoint; it is not overwritten$/],
    [
      ['--optimizer', 'SGD', '--lr', '1e30', '--save', 'lost'],
      /^downhill train: the loss of step 2 is NaN; the learning rate is too high$/,
    ],
  ])('%j exits with code 2 and a one-sentence error, and writes nothing', (args, message) => {
    const before = readdirSync(folder)
    const { code, out, err } = train(...args)
    expect([code, out, err.split('\n').length]).toEqual([2, '', 2])
    expect(err.trim()).toMatch(message)
    expect(readdirSync(folder)).toEqual(before)
  })

  it('resumes only with the original data and options', () => {
    writeFileSync(at('own.csv'), ['a,b,y', ...rows].join('\n'))
    expect(train('--data', 'own.csv', '--target', 'y', '--epochs', '1', '--save', 'own').code).toBe(0)
    writeFileSync(at('foreign'), checkpoint.save({ epoch: 1 }))
    const wrong = (...args: string[]) => train(...args).err.trim()
    expect(wrong('--resume', 'own', '--lr', '1')).toMatch(/^downhill train: --lr cannot be combined with own, which determines it$/)
    expect(wrong('--resume', 'foreign')).toMatch(/foreign: this checkpoint was not written by downhill train$/)
    writeFileSync(at('other.csv'), ['a,b,y', ...rows.slice(1)].join('\n'))
    expect(wrong('--resume', 'own', '--data', 'other.csv')).toMatch(
      /^downhill train: other\.csv has changed since own was saved: its checksum differs$/,
    )
    mkdirSync(at('moved'))
    writeFileSync(at('moved/own.csv'), ['a,b,y', ...rows].join('\n'))
    expect(train('--resume', 'own', '--data', 'moved/own.csv', '--epochs', '2').code).toBe(0)
  })
})

describe('downhill train, killed at a random moment', () => {
  it('leaves no checkpoint or a complete one, and resumes to the same bytes', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tests/killed.mjs'), '8', '3'], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/killed: 8, saved: [4-8],/)
  })
})

describe.each(canMount ? ['a tmpfs'] : [])('on %s', () => {
  it('a full device ends the run with a clear error and keeps the last good checkpoint', () => {
    const small = mounted('size=128k')
    const { code, out, err } = train(...short, '--save', join(small, 'run'), '--every', '1', '--keep', '2', '--epochs', '2')
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe(`downhill train: ${small}/run cannot be written and is unchanged: no space left\n`)
    expect(readdirSync(small)).toEqual(['run', 'run.1'])
    const left = checkpoint.read(readFileSync(join(small, 'run'))) as any
    expect(left.run.progress.step).toBeGreaterThan(0)
    expect(train('--resume', join(small, 'run'), '--save', 'elsewhere').code).toBe(0)
  })

  it('a read-only device fails before training starts', () => {
    const still = mounted('ro')
    expect(train('--save', join(still, 'run')).err).toBe(`downhill train: ${still}/run cannot be written: the file system is read-only\n`)
  })
})
