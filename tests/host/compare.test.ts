import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compare, defaultSettings, learningRates, makeDataset, readTable, spaces } from '../../host/compare/index.ts'
import { Arena } from '../../host/index.ts'
import { thrown } from './thrown.ts'

/** A table of `rows` rows: y is 3a − 2b, and a kind that says whether a is large. */
function table(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b] = [((i * 37) % 100) / 10, ((i * 53) % 70) / 10]
    return `${a},${b},${a > 5 ? 'high' : 'low'},${3 * a - 2 * b}`
  })
  return ['a,b,kind,y', ...lines, ''].join('\n')
}

describe('a table', () => {
  it('has columns of numbers and of texts, with the line each row is on', () => {
    const { columns, rows, lines } = readTable('n,"t, u"\r\n1,"x\ny"\r\n\r\n2.5e1,""\r\n')
    expect([rows, lines]).toEqual([2, [2, 5]])
    expect(columns).toEqual([
      { name: 'n', kind: 'number', values: new Float64Array([1, 25]) },
      { name: 't, u', kind: 'text', codes: new Int32Array([0, -1]), categories: ['x\ny'] },
    ])
  })

  it('may be separated by tabs or semicolons', () => {
    expect(readTable('"a\nb,c";d\n1;2\n').columns.map(({ name }) => name)).toEqual(['a\nb,c', 'd'])
    for (const by of ['\t', ';', '|']) expect(readTable(`a${by}b\n1${by}2\n`).columns.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('is the same with any line ends', () => {
    const text = 'a,"b"\n1,"x\ny"\n2,"z"\n'
    for (const end of ['\r\n', '\r']) expect(readTable(text.replaceAll('\n', end))).toEqual(readTable(text))
  })

  it.each([
    ['', 'the table is empty'],
    ['a,b\n1,2\n1,1e151\n', "line 3: '1e151' in the column b is beyond ±1e+150"],
    ['a,b\n1,2\n1,-Infinity\n', "line 3: '-Infinity' in the column b is beyond ±1e+150"],
    ['  \n\n', 'the table is empty'],
    ['a,b\n', 'the table has a header and no rows'],
    ['a,b\n1,2\n3\n', 'line 3 has 1 cells, and the header has 2'],
    ['a,b\n1,2\n\n3,4,5\n', 'line 4 has 3 cells, and the header has 2'],
    ['a,a\n1,2\n', "line 1: two columns are called 'a'"],
    ['a,b\n1,"2\n', 'line 2: quoted field unterminated'],
    ['a\n1\n2\n3\n4\nfive\n6\n', "line 6: 'five' in the column a, in which the other values are numbers"],
  ])('%j is refused', (text, message) => {
    expect(thrown(() => readTable(text))).toEqual({ code: 'data-invalid', message })
  })
})

describe('a data set', () => {
  it('scales numbers over the training rows and gives each category a column', () => {
    const data = makeDataset(readTable(table(100)), { name: 'toy', target: 'y' })
    expect([data.task, data.rows, data.featureNames]).toEqual(['regression', 100, ['a', 'b', 'kind=high', 'kind=low']])
    const { train, validation, test } = data.split
    expect([train.length, validation.length, test.length]).toEqual([70, 15, 15])
    expect(new Set([...train, ...validation, ...test]).size).toBe(100)
    const column = [...train].map((row) => data.features[row * 4]!)
    expect(column.reduce((sum, x) => sum + x, 0) / 70).toBeCloseTo(0, 5)
    expect(column.reduce((sum, x) => sum + x * x, 0) / 70).toBeCloseTo(1, 5)
  })

  it('finds classes in texts and in few whole numbers', () => {
    expect(makeDataset(readTable(table(100)), { name: 'toy', target: 'kind' }).classes).toEqual(['high', 'low'])
    const grades = ['g,x', ...Array.from({ length: 40 }, (_, i) => `${1 + (i % 4)},${i}`)].join('\n')
    expect(makeDataset(readTable(grades), { name: 'toy', target: 'g' }).classes).toEqual(['1', '2', '3', '4'])
  })

  it('takes the task it is told', () => {
    const grades = readTable(['g,x', ...Array.from({ length: 40 }, (_, i) => `${1 + (i % 4)},${i}`)].join('\n'))
    expect(makeDataset(grades, { name: 'toy', target: 'g', task: 'regression' }).task).toBe('regression')
    const halves = readTable(['g,x', ...Array.from({ length: 40 }, (_, i) => `${(i % 4) / 2},${i}`)].join('\n'))
    expect(makeDataset(halves, { name: 'toy', target: 'g' }).task).toBe('regression')
    const { classes, targets } = makeDataset(halves, { name: 'toy', target: 'g', task: 'classification' })
    expect([classes, [...targets.slice(0, 4)]]).toEqual([
      ['0', '0.5', '1', '1.5'],
      [0, 1, 2, 3],
    ])
    expect(thrown(() => makeDataset(readTable(table(40)), { name: 'toy', target: 'kind', task: 'regression' }))).toEqual({
      code: 'data-invalid',
      message: "the target kind holds texts, such as 'high': no values to predict",
    })
  })

  it('needs values that vary among the rows that judge', () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i === 3 ? 2.5 : 1.5}`)
    expect(thrown(() => makeDataset(readTable(['x,y', ...rows].join('\n')), { name: 'toy', target: 'y' }))).toEqual({
      code: 'data-invalid',
      message: 'the target y is 1.5 in all of the validation rows: it cannot be told what predicts it',
    })
  })

  it('fills empty cells and leaves out what cannot be learnt from, and says so', () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i === 3 ? '' : i},same,,name${i},${i === 5 ? 'NA' : i % 2 ? 'odd' : 'even'}`)
    const data = makeDataset(readTable(['n,constant,none,id,kind', ...rows].join('\n')), { name: 'toy', target: 'kind' })
    expect(data.rows).toBe(59)
    expect(data.featureNames).toEqual(['n'])
    expect(data.features[3]).toBe(0)
    expect(data.notes).toEqual([
      'kind, the target: 1 empty cell (line 7); those rows are left out',
      'n: 1 empty cell (line 5), filled with the mean',
      'constant: the same in every row, left out',
      'none: empty in every row, left out',
      'id: 60 different texts, left out',
    ])
  })

  it.each([
    [table(100), 'z', "the table has no column 'z'; there are a, b, kind, y"],
    [table(100), 'knd', "the table has no column 'knd'; did you mean 'kind'?"],
    [table(10), 'y', 'the table has 10 rows with a target; at least 20 are needed'],
    [['x,y', ...Array.from({ length: 30 }, (_, i) => `${i},same`)].join('\n'), 'y', 'the target y is always same'],
    [
      ['x,y', ...Array.from({ length: 30 }, (_, i) => `${i},name${i}`)].join('\n'),
      'y',
      "the target y has 30 different texts in 30 rows: too many to be classes; a value to predict is a plain number, unlike 'name0'",
    ],
    [['x,y', ...Array.from({ length: 30 }, (_, i) => `1,${i}`)].join('\n'), 'y', 'beside the target y no column is left to learn from'],
  ])('is refused: %#', (text, target, message) => {
    expect(thrown(() => makeDataset(readTable(text), { name: 'toy', target }))).toEqual({ code: 'data-invalid', message })
  })
})

describe('a comparison', () => {
  const settings = { ...defaultSettings, optimizers: ['SGD', 'Quick=Adam'], trials: 3, seeds: 2, epochs: 20 }
  const data = makeDataset(readTable(table(200)), { name: 'toy', target: 'y' })
  const withoutTimes = (value: unknown) => JSON.parse(JSON.stringify(value, (key, entry) => (key === 'seconds' ? undefined : entry)))

  it('gives each optimizer the same trials and seeds, and the same report every time', async () => {
    const progress: number[] = []
    const reports = []
    for (let i = 0; i < 2; i++) {
      const arena = await Arena.create()
      const before = arena.usage().parameters
      reports.push(await compare(arena, data, 'abc', settings, ({ done }) => void progress.push(done)))
      expect(arena.usage().parameters).toBe(before)
    }
    expect(withoutTimes(reports[1])).toEqual(withoutTimes(reports[0]))
    const [report] = reports
    expect(report!.results.map(({ label }) => [label]).sort()).toEqual([['Quick'], ['SGD']])
    expect(report!.ranking).toEqual(report!.results.map(({ label }) => [label]))
    for (const { runs, trials, value, lr } of report!.results) {
      expect([runs.length, trials.length]).toEqual([2, 3])
      expect(runs.every(({ curve }) => curve.length === 20)).toBe(true)
      expect(value).toBe((runs[0]!.value! + runs[1]!.value!) / 2)
      expect(lr).toBe(trials.reduce((a, b) => (b.value! > a.value! ? b : a)).lr)
    }
    expect(report!.results[0]!.value).toBeGreaterThan(0.95)
    expect(progress).toEqual([...Array(13).keys(), ...Array(13).keys()])
  })

  it('starts every optimizer from the same weights: at learning rate 0 all would end alike', () => {
    expect(learningRates(spaces.Adam, 3)).toEqual([1e-4, 0.00173, 0.03])
    expect(learningRates(spaces.Adam, 1)).toEqual([0.00173])
  })

  it('counts runs that leave the numbers as failures, and goes on', async () => {
    const wild = { ...data, features: data.features.map((x) => x * 1e18) }
    const report = await compare(await Arena.create(), wild, 'abc', { ...settings, epochs: 3 })
    expect(report.results.some(({ failures }) => failures > 0)).toBe(true)
    for (const { value, failed } of report.results.flatMap(({ runs }) => runs)) {
      expect(failed ? value === null : Number.isFinite(value)).toBe(true)
    }
    const values = report.results.map(({ value }) => value)
    expect(values.slice(values.indexOf(null)).every((value) => value === null) || !values.includes(null)).toBe(true)
  })

  it.each([
    [{ optimizers: ['Adamm'] }, "there is no optimizer 'Adamm'; did you mean Adam?"],
    [{ optimizers: ['Adam', 'Adam'] }, 'two optimizers are called Adam; give them labels, as in A=Adam,B=Adam'],
    [{ optimizers: [] }, 'there is no optimizer to compare'],
    [{ epochs: 0 }, 'epochs is a whole number from 1 to 1000000, not 0'],
    [{ seeds: 2 ** 40 }, 'seeds is a whole number from 1 to 1000, not 1099511627776'],
    [{ optimizers: ['A=Adam=SGD'] }, "an optimizer is written NAME or LABEL=NAME, not 'A=Adam=SGD'"],
    [{ optimizers: ['=Adam'] }, "an optimizer is written NAME or LABEL=NAME, not '=Adam'"],
    [{ baseSeed: -1 }, 'seed is a whole number ≥ 0, not -1'],
  ])('refuses %j', async (change, message) => {
    const arena = await Arena.create()
    await expect(compare(arena, data, 'abc', { ...settings, ...change })).rejects.toMatchObject({ code: 'option-range', message })
  })
})

describe('digits', () => {
  it('are 1,797 images of 64 pixels in 10 classes', () => {
    const text = readFileSync(new URL('../../datasets/digits.csv', import.meta.url), 'utf8')
    const data = makeDataset(readTable(text), { name: 'digits', target: 'digit', divisor: 16 })
    expect([data.rows, data.featureNames.length, data.classes?.length, data.notes]).toEqual([1797, 64, 10, []])
    expect(Math.max(...data.features)).toBe(1)
  })
})
