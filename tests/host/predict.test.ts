/** Models of tables: trained and saved by the commands, used by the command and by the library. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpoint } from '../../host/io/index.ts'
import { loadTableModel, type Row, type TableModel } from '../../host/tables/index.ts'
import { thrown } from './thrown.ts'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-predict-'))
const at = (name: string) => join(folder, name)

function downhill(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

/** Houses: the price is linear in the area, plus something for the heating and a garden. */
const houses = Array.from({ length: 240 }, (_, i) => {
  const area = 40 + ((i * 37) % 160)
  const heating = ['gas', 'oil', 'wood'][i % 3]!
  const garden = (i * 7) % 5 < 2
  const price = 2000 * area + { gas: 0, oil: -20000, wood: 30000 }[heating as 'gas'] + (garden ? 25000 : 0)
  const sold = new Date(Date.UTC(2023, 0, 1 + ((i * 11) % 600))).toISOString().slice(0, 10)
  return { area, heating, garden: garden ? 'yes' : 'no', sold, price, size: area > 150 ? 'large' : area > 90 ? 'medium' : 'small' }
})
type House = (typeof houses)[number]
const german = (value: number) => value.toLocaleString('de-DE', { minimumFractionDigits: 2 })
const columns = ['area', 'heating', 'garden', 'sold', 'price', 'size'] as const

function csv(
  rows: readonly House[],
  names: readonly (keyof House)[] = columns,
  show: (row: House, name: keyof House) => string = (row, name) => String(row[name]),
) {
  return [names.join(';'), ...rows.map((row) => names.map((name) => show(row, name)).join(';'))].join('\n')
}

const asGerman = (row: House, name: keyof House) =>
  name === 'area' ? german(row.area) : name === 'price' ? `${german(row.price)} €` : String(row[name])

let prices: TableModel
let sizes: TableModel

beforeAll(async () => {
  writeFileSync(at('houses.csv'), csv(houses, columns, asGerman))
  writeFileSync(at('sizes.csv'), csv(houses, ['area', 'heating', 'size']))
  const value = downhill(
    'train',
    '--data',
    'houses.csv',
    '--target',
    'price',
    '--hidden',
    '32,16',
    '--lr',
    '0.01',
    '--epochs',
    '200',
    '--save',
    'price',
  )
  const classes = downhill(
    'train',
    '--data',
    'sizes.csv',
    '--target',
    'size',
    '--lr',
    '0.01',
    '--dropout',
    '0.1',
    '--epochs',
    '60',
    '--save',
    'size',
  )
  expect([value.code, classes.code, value.err, classes.err].join('')).toBe(`00${value.err}`)
  expect(value.err).toMatch(
    /^note: area: numbers such as '.*' are read as \d+\nnote: price: numbers such as '[\d.]+,00 €' are read as \d+\n/,
  )
  expect(value.out).toMatch(
    /\nR² on test rows 0\.9\d+, .*\nMAE \d+, RMSE \d+ \(in the unit of price\)\nbaselines: −?[\d.]+ mean, 0\.9\d+ linear model\n/,
  )
  prices = await loadTableModel(readFileSync(at('price')))
  sizes = await loadTableModel(readFileSync(at('size')))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true }))

const rowsOf = (rows: readonly House[]): Row[] => rows.map(({ price: _, size: __, ...rest }) => rest)

describe('loadTableModel', () => {
  it('describes its columns and its target', () => {
    expect(prices.columns).toEqual(['area', 'heating', 'garden', 'sold', 'size'])
    expect([prices.target, prices.classes]).toEqual(['price', undefined])
    expect([sizes.target, sizes.classes]).toEqual(['size', ['large', 'medium', 'small']])
    expect(sizes.fields).toEqual([
      { name: 'area', kind: 'number' },
      { name: 'heating', kind: 'text', categories: ['gas', 'oil', 'wood'] },
    ])
    expect(prices.fields[2]).toEqual({ name: 'garden', kind: 'boolean', categories: ['no', 'yes'] })
  })

  it('predicts classes, values in the unit of the target, and probabilities', () => {
    const rows = [
      { area: 50, heating: 'oil' },
      { area: 190, heating: 'gas' },
    ]
    expect(sizes.predict(rows)).toEqual(['small', 'large'])
    const probabilities = sizes.probabilities(rows)
    for (const row of probabilities) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    expect(probabilities[1]![0]).toBeGreaterThan(0.9)
    const predicted = prices.predict(houses.map(({ price: _, ...rest }) => rest)) as number[]
    const errors = houses.map(({ price }, i) => Math.abs(price - predicted[i]!))
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(20_000)
    expect(sizes.predict([])).toEqual([])
    expect(thrown(() => prices.probabilities(rowsOf(houses)))).toMatchObject({ code: 'data-invalid' })
  })

  it('reads numbers, and strings in the notation of the training table or in another one', () => {
    const [row] = houses.map(({ price: _, ...rest }) => rest)
    const [expected] = prices.predict([{ ...row, area: 1234.5 }])
    for (const area of ['1.234,50', '1234,5', '1234.5', '1,234.50']) expect(prices.predict([{ ...row, area }])).toEqual([expected])
    const day = prices.predict([{ ...row, sold: '2024-01-31' }])
    expect(prices.predict([{ ...row, sold: '31.01.2024' }])).toEqual(day)
  })

  it('treats unknown categories and empty cells alike', () => {
    const area = 100
    const [empty] = sizes.probabilities([{ area, heating: null }])
    for (const heating of ['coal', '', 'NA', undefined])
      expect(
        sizes.probabilities([
          { area, heating },
          { area, heating: 'gas' },
        ])[0],
      ).toEqual(empty)
    expect(sizes.probabilities([{ area, heating: 'gas' }])[0]).not.toEqual(empty)
  })

  it.each<[unknown, string]>([
    [[{ heating: 'gas' }], 'the model needs the column area'],
    [[{ Area: 1, heating: 'gas' }], "the model needs the column area; did you mean 'Area'?"],
    [[{ x: 1 }], 'the model needs the columns area, heating'],
    [
      [
        { area: 1, heating: 'gas' },
        { area: 'big', heating: 'gas' },
      ],
      "rows[1]: 'big' in the column area must be a number",
    ],
    [[{ area: 1e60, heating: 'gas' }], 'rows[0]: a number is so large that the prediction is NaN'],
    [{ area: 1 }, 'predict: rows must be an array of objects, got an object'],
    [[{ area: 1, heating: 'gas' }, 3], 'predict: rows[1] must be an object, got 3'],
  ])('throws for %j', (rows, message) => {
    expect(thrown(() => sizes.predict(rows as Row[]))).toEqual({ code: 'data-invalid', message })
  })

  it('rejects checkpoints without a table model, and damaged ones', async () => {
    await expect(loadTableModel(checkpoint.save({ epoch: 1 }))).rejects.toThrow(/^this checkpoint has no table model; /)
    const whole = checkpoint.read(readFileSync(at('size'))) as Record<string, any>
    const damage: ((table: any) => void)[] = [
      (table) => (table.columns[0].kind = 'sound'),
      (table) => (table.columns[0].deviation = 0),
      (table) => (table.columns[1].categories = [1]),
      (table) => (table.target.classes = []),
      (table) => (table.hidden = 1e9),
      (table) => (table.columns = {}),
    ]
    for (const change of damage) {
      const table = structuredClone(whole.table)
      change(table)
      await expect(loadTableModel(checkpoint.save({ best: whole.best, table }))).rejects.toThrow(
        'the table model of this checkpoint is damaged',
      )
    }
    const fewer = structuredClone(whole.table)
    fewer.columns.pop()
    await expect(loadTableModel(checkpoint.save({ best: whole.best, table: fewer }))).rejects.toMatchObject({ code: 'state-mismatch' })
  })
})

describe('downhill predict', () => {
  it('writes the predictions in the order of the rows, and scores them', () => {
    const { code, out, err } = downhill('predict', 'size', '--data', 'sizes.csv', '--out', 'predicted.csv', '--probabilities')
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /^wrote 240 predictions of size to predicted\.csv\naccuracy on these rows \d\d\.\d %\nbalanced accuracy .*\nsize \(rows: actual/,
    )
    const [head, ...lines] = readFileSync(at('predicted.csv'), 'utf8').trim().split('\n')
    expect(head).toBe('prediction,probability large,probability medium,probability small')
    const rows = houses.map(({ area, heating }) => ({ area, heating }))
    expect(lines.map((line) => line.split(',')[0])).toEqual(sizes.predict(rows))
    expect(lines.map((line) => line.split(',').slice(1).map(Number))).toEqual(sizes.probabilities(rows))
  })

  it('prints to standard output without --out, and ignores additional columns and their order', () => {
    writeFileSync(at('new.csv'), 'extra\theating\tarea\nx\tgas\t60\ny\tcoal\t180\n')
    expect(downhill('predict', 'size', '--data', 'new.csv')).toEqual({
      code: 0,
      out: 'prediction\nsmall\nlarge\n',
      err: "note: heating: 1 cell with unknown categories such as 'coal', treated as empty\n",
    })
  })

  it.each([
    ['area;heating\n1,500;gas\n', [1.5], "area: numbers such as '1,500' are read as 1.5; the comma could also be a thousands separator"],
    ['area;heating\n1.500;gas\n12,5;gas\n', [1500, 12.5], "area: numbers such as '1.500' are read as 1500"],
    ['area,heating\n"1,500",gas\n', [1500], "area: numbers such as '1,500' are read as 1500; the comma could also be a decimal separator"],
    ['area,heating\n12 %,gas\n', [12], "area: numbers such as '12 %' have %, but no unit in the training table"],
    ['area,area,heating\n12,1,gas\n', [12], "another column 'area' is called 'area.1'"],
  ])('notes how the numbers of %j are read', (text, areas, note) => {
    writeFileSync(at('other.csv'), text)
    const { out, err } = downhill('predict', 'size', '--data', 'other.csv', '--probabilities')
    const [, ...lines] = out.trim().split('\n')
    const expected = sizes.probabilities(areas.map((area) => ({ area, heating: 'gas' })))
    expect(lines.map((line) => line.split(',').slice(1).map(Number))).toEqual(expected)
    expect(err).toBe(`note: ${note}\n`)
  })

  it('reads numbers such as 1.234 as the other columns of the file, not as the training table', () => {
    const [{ price: _, ...row }] = houses as [House]
    const header = Object.keys(row).join(',')
    writeFileSync(at('points.csv'), `${header},price\n${Object.values({ ...row, area: '1.234' }).join(',')},2.5\n`)
    const { out } = downhill('predict', 'price', '--data', 'points.csv')
    expect(out.trim().split('\n').slice(1).map(Number)).toEqual(prices.predict([{ ...row, area: 1.234 }]))
  })

  it('scores a single row without R²', () => {
    writeFileSync(at('one.csv'), csv(houses.slice(0, 1)))
    expect(downhill('predict', 'price', '--data', 'one.csv').err).toBe(
      "note: price: numbers such as '105000' have no unit, but € in the training table\nMAE 541.7, RMSE 541.7 (in the unit of price)\n",
    )
  })

  it('reads the same formats as train', () => {
    const expected = prices.predict(rowsOf(houses).map((row, i) => ({ ...row, size: houses[i]!.size })))
    writeFileSync(at('houses.jsonl.gz'), gzipSync(houses.map((row) => JSON.stringify(row)).join('\n')))
    for (const file of ['houses.csv', 'houses.jsonl.gz']) {
      const { out, err } = downhill('predict', 'price', '--data', file)
      expect(out.trim().split('\n').slice(1).map(Number)).toEqual(expected)
      expect(err).toMatch(/^R² on these rows 0\.9\d+\nMAE \d+, RMSE \d+ \(in the unit of price\)\n$/)
    }
  })

  it('works for tables without a header', () => {
    writeFileSync(at('bare.csv'), houses.map(({ area, heating, size }) => `${area},${heating},${size}`).join('\n'))
    expect(downhill('train', '--data', 'bare.csv', '--no-header', '--target', '3', '--epochs', '20', '--save', 'bare').code).toBe(0)
    const { code, out } = downhill('predict', 'bare', '--data', 'bare.csv', '--out', 'bare-predicted.csv')
    expect(code).toBe(0)
    expect(out).toMatch(/^wrote 240 predictions of column 3 to/)
  })

  it('predicts with the recommended model of a comparison', () => {
    const few = ['--optimizers', 'SGD,Adam', '--trials', '2', '--seeds', '2', '--epochs', '5', '--workers', '1', '--out', 'out']
    expect(downhill('compare', '--data', 'sizes.csv', '--target', 'size', ...few, '--save', 'recommended').err).toMatch(
      /saved recommended: Adam with seed \d+\n$/,
    )
    expect(downhill('predict', 'recommended', '--data', 'sizes.csv').err).toMatch(/^accuracy on these rows /)
    const report = JSON.parse(readFileSync(at('out/report.json'), 'utf8'))
    expect(Object.keys(report.baselines)).toEqual(['majority', 'linear'])
    const { metrics, runs } = report.results[0]
    expect(metrics.confusion.flat().reduce((a: number, b: number) => a + b)).toBe(runs.length * report.problem.split.test)
  })

  it.each<[string[], RegExp]>([
    [[], /^downhill predict: exactly one checkpoint must be given, as in downhill predict MODEL --data FILE$/],
    [['size'], /^downhill predict: --data FILE, the rows to predict, must be given$/],
    [['none', '--data', 'sizes.csv'], /^downhill predict: none cannot be read: no such file or folder$/],
    [['size', '--data', 'none'], /^downhill predict: none cannot be read: no such file or folder$/],
    [['sizes.csv', '--data', 'sizes.csv'], /^downhill predict: sizes\.csv: this is not a safetensors file/],
    [['size', '--data', 'sizes.csv', '--out', 'sizes.csv'], /^downhill predict: --out must not be an input file, got sizes\.csv$/],
    [['price', '--data', 'sizes.csv'], /^downhill predict: sizes\.csv: the model needs the columns garden, sold$/],
    [
      ['price', '--data', 'houses.csv', '--probabilities'],
      /^downhill predict: houses\.csv: probabilities: the model must be a classifier, but it predicts values of price$/,
    ],
    [['size', '--data', 'broken.csv'], /^downhill predict: broken\.csv: line 3: 'wide' in the column area must be a number$/],
  ])('%j exits with code 2 and a one-sentence error', (args, message) => {
    writeFileSync(at('broken.csv'), 'area,heating\n1,gas\nwide,gas\n')
    const { code, out, err } = downhill('predict', ...args)
    expect([code, out]).toEqual([2, ''])
    expect(err.trim()).toMatch(message)
  })
})
