import { describe, expect, it } from 'vitest'
import { makeDataset, readTable } from '../../host/compare/index.ts'
import { Arena } from '../../host/index.ts'
import { baselinesOf } from '../../host/tables/baselines.ts'
import { classScores, valueScores } from '../../host/tables/scores.ts'
import { thrown } from './thrown.ts'

/** A table of `rows` rows, of which column name has the value of its function. */
function table(rows: number, columns: Readonly<Record<string, (row: number) => unknown>>) {
  const names = Object.keys(columns)
  const lines = Array.from({ length: rows }, (_, row) => names.map((name) => columns[name]!(row)).join('\t'))
  return readTable([names.join('\t'), ...lines].join('\n'))
}

const noise = (row: number) => ((row * 7919) % 101) / 101
const target = (row: number) => (row % 3 ? 'yes' : 'no')

function feature(data: ReturnType<typeof makeDataset>, name: string): number[] {
  const width = data.featureNames.length
  const at = data.featureNames.indexOf(name)
  return Array.from({ length: data.rows }, (_, row) => data.features[row * width + at]!)
}

describe('a column', () => {
  it('of yes and no is one feature, with the mean where it is empty', () => {
    const data = makeDataset(table(60, { b: (row) => (row === 7 ? '' : row % 2 ? 'Yes' : 'no'), y: target }), { name: 't', target: 'y' })
    expect(data.featureNames).toEqual(['b'])
    const values = new Set(feature(data, 'b'))
    expect(values.size).toBe(3)
    expect(feature(data, 'b')[7]).toBe(0)
    expect(feature(data, 'b')[1]).toBeGreaterThan(0)
  })

  it('of dates becomes days and cycles', () => {
    const day = (row: number) => new Date(Date.UTC(2024, 0, 1 + 3 * row)).toISOString().slice(0, 10)
    const { featureNames } = makeDataset(table(60, { day, y: target }), { name: 't', target: 'y' })
    expect(featureNames).toEqual(['day days', 'day weekday (sin)', 'day weekday (cos)', 'day year (sin)', 'day year (cos)'])
    const noon = makeDataset(table(60, { at: (row) => `2024-01-${1 + (row % 28)} ${row % 24}:00`.replace(/-(\d) /, '-0$1 '), y: target }), {
      name: 't',
      target: 'y',
    })
    expect(noon.featureNames).toContain('at time (cos)')
  })

  it('with many categories keeps the frequent ones', () => {
    const city = (row: number) => (row % 4 === 0 ? `village ${row}` : `city ${row % 3}`)
    const { featureNames, notes } = makeDataset(table(300, { city, y: target }), { name: 't', target: 'y' })
    expect(featureNames).toEqual(['city=city 0', 'city=city 1', 'city=city 2', 'city=other'])
    expect(notes.join()).toMatch(
      /^city: 78 distinct categories; the 3 most frequent ones \(7\d % of the rows\) are kept, the rest is "other"$/,
    )
  })

  it('with mostly distinct categories is dropped', () => {
    const data = makeDataset(table(300, { id: (row) => `row ${row}`, x: noise, y: target }), { name: 't', target: 'y' })
    expect(data.notes).toEqual(['id: 300 distinct categories, dropped'])
  })
})

describe('a text that is in no training row', () => {
  const late = (row: number) => (row < 80 ? ['a', 'b'][row % 2] : 'c')

  it('has no feature, because its weights would be the initial ones', () => {
    const given = table(100, { time: (row) => row, t: late, y: target })
    const { featureNames, notes } = makeDataset(given, { name: 't', target: 'y', time: 'time' })
    expect(featureNames).toEqual(['time', 't=a', 't=b'])
    expect(notes).toEqual(['t: 1 of 3 texts are in no training row, encoded as no category'])
  })

  it('is named if it is a class', () => {
    const { notes } = makeDataset(table(100, { time: (row) => row, y: late }), { name: 't', target: 'y', time: 'time' })
    expect(notes).toEqual(["y, the target: no training row has 'c'; the model cannot learn to predict it"])
  })
})

describe('a column of 0.1 in every row', () => {
  it('is dropped although the mean of the rows is not exactly 0.1', () => {
    const data = makeDataset(table(200, { k: () => 0.1, x: noise, y: target }), { name: 't', target: 'y' })
    expect(data.featureNames).toEqual(['x'])
    expect(data.notes).toEqual(['k: constant over the training rows, dropped'])
  })

  it('is not a target for regression', () => {
    const constant = table(200, { k: () => 0.1, x: noise })
    expect(thrown(() => makeDataset(constant, { name: 't', target: 'k' })).message).toBe(
      'the target k is 0.1 in all train rows, so predictions cannot be scored',
    )
  })
})

describe('a split', () => {
  it('has the classes in equal proportions in all parts', () => {
    const { split, targets } = makeDataset(table(200, { x: noise, y: (row) => (row % 20 ? 'common' : 'rare') }), { name: 't', target: 'y' })
    const rare = (rows: Uint32Array) => rows.reduce((sum, row) => sum + targets[row]!, 0)
    expect([split.train, split.validation, split.test].map((rows) => rows.length)).toEqual([140, 30, 30])
    expect([split.train, split.validation, split.test].map(rare)).toEqual([7, 1, 2])
    expect(new Set([...split.train, ...split.validation, ...split.test]).size).toBe(200)
  })

  it('lists rare classes', () => {
    const { notes } = makeDataset(table(120, { x: noise, y: (row) => (row === 5 || row === 50 ? 'odd' : target(row)) }), {
      name: 't',
      target: 'y',
    })
    expect(notes).toEqual(["y, the target: 'odd' has 2 of 120 rows; their results are uncertain"])
  })

  it('keeps groups on one side', () => {
    const grouped = table(200, { person: (row) => `p${row % 25}`, x: noise, y: target })
    const { split, featureNames, notes } = makeDataset(grouped, { name: 't', target: 'y', group: 'person' })
    const parts = [split.train, split.validation, split.test].map((rows) => new Set(Array.from(rows, (row) => row % 25)))
    expect(parts.reduce((sum, { size }) => sum + size, 0)).toBe(25)
    expect(parts.every(({ size }) => size > 0)).toBe(true)
    expect([featureNames, notes]).toEqual([['x'], ['person: used to group the rows, not as a feature']])
  })

  it('splits by time, with the latest rows for testing', () => {
    const dated = table(200, { day: (row) => `2024-01-${String(1 + ((row * 11) % 28)).padStart(2, '0')}`, x: noise, y: target })
    const { split } = makeDataset(dated, { name: 't', target: 'y', time: 'day' })
    const days = dated.columns[0] as { values: Float64Array }
    const ends = (rows: Uint32Array) => [
      Math.min(...Array.from(rows, (row) => days.values[row]!)),
      Math.max(...Array.from(rows, (row) => days.values[row]!)),
    ]
    expect(ends(split.train)[1]).toBeLessThan(ends(split.validation)[0]!)
    expect(ends(split.validation)[1]).toBeLessThan(ends(split.test)[0]!)
  })

  it.each([
    [{ group: 'y' }, 'rows cannot be split by the column y, which is the target'],
    [{ group: 'few' }, 'the column few has too few groups (2) to fill training, validation and test rows'],
    [{ time: 'few' }, 'the column few must hold dates or numbers to split by time'],
    [{ group: 'z' }, "the table has no column 'z'; the columns are few, x, y"],
  ])('by %j throws', (by, message) => {
    const two = table(60, { few: (row) => (row % 2 ? 'a' : 'b'), x: noise, y: target })
    expect(thrown(() => makeDataset(two, { name: 't', target: 'y', ...by })).message).toBe(message)
  })
})

describe('scores', () => {
  it('of classes count every class equally', () => {
    const outputs = [2, 0, 2, 0, 2, 0, 0, 1]
    const scores = classScores(outputs, [0, 0, 0, 1], 2)
    expect(scores.confusion).toEqual([
      [3, 0],
      [0, 1],
    ])
    const wrong = classScores(outputs, [0, 0, 1, 1], 2)
    expect([wrong.accuracy, wrong.balancedAccuracy]).toEqual([0.75, 0.75])
    const expected = (2 * Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(2)) + Math.log(1 + Math.exp(-1))) / 4
    expect(wrong.logLoss).toBeCloseTo(expected, 14)
    expect(classScores(outputs, [0, 0, -1, 1], 2)).toMatchObject({ accuracy: 0.75, balancedAccuracy: 2 / 3 })
  })

  it('of values are in their unit', () => {
    expect(valueScores([1, 2, 6], [1, 4, 4])).toEqual({ r2: 1 - 8 / 6, mae: 4 / 3, rmse: Math.sqrt(8 / 3) })
  })

  it('of baselines are those of the majority and of a linear model', async () => {
    const arena = await Arena.create()
    const classes = makeDataset(table(200, { x: noise, y: (row) => (noise(row) < 0.7 ? 'a' : 'b') }), { name: 't', target: 'y' })
    const found = baselinesOf(arena, classes)
    expect(found.majority).toBeCloseTo(0.7, 1)
    expect(found.linear).toBeGreaterThan(0.9)
    const values = makeDataset(table(200, { x: noise, y: (row) => 3 * noise(row) + 1 }), { name: 't', target: 'y' })
    const straight = baselinesOf(arena, values)
    expect(straight.mean).toBeLessThanOrEqual(0)
    expect(straight.linear).toBeGreaterThan(0.999)
  })
})
