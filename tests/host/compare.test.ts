import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  candidates,
  compare,
  defaultSettings,
  makeDataset,
  planned,
  type Run,
  type RunSpec,
  readTable,
  rowsProblem,
  type Schedule,
  spaces,
  trainRun,
} from '../../host/compare/index.ts'
import { Arena, registerOptimizerStepPreHook, SGD } from '../../host/index.ts'
import { thrown } from './thrown.ts'

/** Creates a table with `rows` rows: y is 3a − 2b, and kind is high if a > 5. */
function table(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const [a, b] = [((i * 37) % 100) / 10, ((i * 53) % 70) / 10]
    return `${a},${b},${a > 5 ? 'high' : 'low'},${3 * a - 2 * b}`
  })
  return ['a,b,kind,y', ...lines, ''].join('\n')
}

describe('a dataset', () => {
  it('standardizes numbers over the training rows and one-hot encodes categories', () => {
    const data = makeDataset(readTable(table(100)), { name: 'toy', target: 'y' })
    expect([data.task, data.rows, data.featureNames]).toEqual(['regression', 100, ['a', 'b', 'kind=high', 'kind=low']])
    const { train, validation, test } = data.split
    expect([train.length, validation.length, test.length]).toEqual([70, 15, 15])
    expect(new Set([...train, ...validation, ...test]).size).toBe(100)
    const column = [...train].map((row) => data.features[row * 4]!)
    expect(column.reduce((sum, x) => sum + x, 0) / 70).toBeCloseTo(0, 5)
    expect(column.reduce((sum, x) => sum + x * x, 0) / 70).toBeCloseTo(1, 5)
  })

  it('uses strings and a few distinct integers as classes', () => {
    expect(makeDataset(readTable(table(100)), { name: 'toy', target: 'kind' }).classes).toEqual(['high', 'low'])
    const grades = ['g,x', ...Array.from({ length: 40 }, (_, i) => `${1 + (i % 4)},${i}`)].join('\n')
    expect(makeDataset(readTable(grades), { name: 'toy', target: 'g' }).classes).toEqual(['1', '2', '3', '4'])
  })

  it('uses the given task', () => {
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
      message: "the target kind must hold numbers for regression, got 'high'",
    })
  })

  it('reports when it treats numbers as classes', () => {
    const years = readTable(['y,x', ...Array.from({ length: 40 }, (_, i) => `${2000 + (i % 4)},${i}`)].join('\n'))
    const note = 'y, the target: 4 distinct integers, treated as classes; for regression set the task'
    expect(makeDataset(years, { name: 'toy', target: 'y' }).notes).toEqual([note])
    expect(makeDataset(years, { name: 'toy', target: 'y', task: 'classification' }).notes).toEqual([])
  })

  it('throws if the target is constant in the validation rows', () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i},${i === 3 ? 2.5 : 1.5}`)
    expect(thrown(() => makeDataset(readTable(['x,y', ...rows].join('\n')), { name: 'toy', target: 'y' }))).toEqual({
      code: 'data-invalid',
      message: 'the target y is 1.5 in all validation rows, so predictions cannot be scored',
    })
  })

  it('fills empty cells, drops unusable columns, and reports both', () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i === 3 ? '' : i},same,,name${i},${i === 5 ? 'NA' : i % 2 ? 'odd' : 'even'}`)
    const data = makeDataset(readTable(['n,constant,none,id,kind', ...rows].join('\n')), { name: 'toy', target: 'kind' })
    expect(data.rows).toBe(59)
    expect(data.featureNames).toEqual(['n'])
    expect(data.features[3]).toBe(0)
    expect(data.notes).toEqual([
      'kind, the target: 1 empty cell (line 7); those rows are dropped',
      'n: 1 empty cell (line 5), filled with the mean',
      'constant: constant, dropped',
      'none: empty in every row, dropped',
      'id: 60 distinct categories, dropped',
    ])
  })

  it.each([
    [table(100), 'z', "the table has no column 'z'; the columns are a, b, kind, y"],
    [table(100), 'knd', "the table has no column 'knd'; did you mean 'kind'?"],
    [table(10), 'y', 'the table must have at least 20 rows with a target, got 10'],
    [
      ['x,y', ...Array.from({ length: 30 }, (_, i) => `${i},same`)].join('\n'),
      'y',
      'the target y must have at least two classes, got only same',
    ],
    [
      ['x,y', ...Array.from({ length: 30 }, (_, i) => `${i},name${i}`)].join('\n'),
      'y',
      "the target y must have at most 15 classes in 30 rows, got 30 distinct categories; for regression its values must be plain numbers, got 'name0'",
    ],
    [
      ['x,y', ...Array.from({ length: 30 }, (_, i) => `1,${i}`)].join('\n'),
      'y',
      'the table must have at least one feature column besides the target y',
    ],
  ])('throws for invalid data: %#', (text, target, message) => {
    expect(thrown(() => makeDataset(readTable(text), { name: 'toy', target }))).toEqual({ code: 'data-invalid', message })
  })
})

describe('a comparison', () => {
  const problem = rowsProblem(makeDataset(readTable(table(200)), { name: 'toy', target: 'y' }), 'abc', 16)
  const settings = { ...defaultSettings, optimizers: ['SGD', 'Quick=Adam'], trials: 3, seeds: 2, epochs: 20 }
  const run = async (change: object = {}, of = problem) => compare(await Arena.create(), of, { ...settings, ...change })
  const withoutTimes = (value: unknown) => JSON.parse(JSON.stringify(value, (key, entry) => (key === 'seconds' ? undefined : entry)))

  it('gives every optimizer the same trials and seeds, and is reproducible', async () => {
    const progress: number[] = []
    const reports = []
    for (let i = 0; i < 2; i++) {
      const arena = await Arena.create()
      const before = arena.usage().parameters
      reports.push(await compare(arena, problem, settings, undefined, ({ done }) => void progress.push(done)))
      expect(arena.usage().parameters).toBe(before)
    }
    expect(withoutTimes(reports[1])).toEqual(withoutTimes(reports[0]))
    const [report] = reports
    expect(report!.results.map(({ label }) => label).sort()).toEqual(['Quick', 'SGD'])
    expect(report!.ranking.flat()).toEqual(report!.results.map(({ label }) => label))
    for (const { runs, trials, value, lr, options } of report!.results) {
      expect([runs.length, trials.length]).toEqual([2, 3])
      expect(runs.map(({ seed }) => seed)).toEqual(report!.protocol.seeds)
      expect(runs.every(({ curve }) => curve.length === 20)).toBe(true)
      expect(value).toBe((runs[0]!.value! + runs[1]!.value!) / 2)
      expect([lr, options]).toEqual((({ lr, options }) => [lr, options])(trials.reduce((a, b) => (b.value! > a.value! ? b : a))))
    }
    expect(report!.results[0]!.value).toBeGreaterThan(0.95)
    expect(progress).toEqual([...Array(11).keys(), ...Array(11).keys()])
  })

  it('does not depend on the order or concurrency of runs', async () => {
    const arena = await Arena.create()
    const late: (() => void)[] = []
    const execute = (spec: RunSpec) =>
      new Promise<Run>((resolve) => {
        late.push(() => resolve(trainRun(arena, problem, spec)))
        setTimeout(() => late.pop()?.(), 1)
      })
    expect(withoutTimes(await compare(arena, problem, settings, execute))).toEqual(withoutTimes(await run()))
  })

  it('uses different seeds for runs and trials, and for a second copy of an optimizer', async () => {
    const { results, protocol } = await run({ optimizers: ['A=Adam', 'B=Adam'], seeds: 3 })
    const [a, b] = ['A', 'B'].map((label) => results.find((result) => result.label === label)!)
    expect(a!.trials.map(({ value }) => value)).toEqual(b!.trials.map(({ value }) => value))
    expect(a!.runs.map(({ seed }) => seed)).toEqual(protocol.seeds)
    expect(new Set([...a!.runs, ...b!.runs].map(({ seed }) => seed)).size).toBe(6)
    expect((await run({ optimizers: ['A=Adam', 'B=Adam'], seeds: 3, baseSeed: 1 })).protocol.seeds).not.toEqual(protocol.seeds)
  })

  it('samples the search spaces of all optimizers at the same points', () => {
    expect(candidates(spaces.SGD, 1)).toEqual([{ lr: 0.00548, options: { momentum: 0 } }])
    const places = (name: 'Adam' | 'Adagrad') => {
      const { log } = spaces[name].lr
      return candidates(spaces[name], 8).map(({ lr }) => Math.round((16 * Math.log(lr / log[0])) / Math.log(log[1] / log[0])))
    }
    expect(places('Adam')).toEqual([8, 4, 12, 2, 10, 6, 14, 1])
    expect(places('Adagrad')).toEqual(places('Adam'))
  })

  it('completes the schedule in every run', async () => {
    const rates = async (schedule: Schedule) => {
      const seen: number[] = []
      const remove = registerOptimizerStepPreHook((optimizer) => void (optimizer instanceof SGD && seen.push(optimizer.lr())))
      await run({ optimizers: ['SGD'], trials: 1, seeds: 1, epochs: 2, schedule })
      remove()
      return [seen.length, seen.slice(0, seen.length / 2)] as const
    }
    const [steps, cosine] = await rates('cosine')
    expect(steps).toBe(2 * 2 * 5)
    expect(cosine[5]).toBeCloseTo(cosine[0]! / 2, 12)
    expect(cosine.at(-1)).toBeLessThan(0.03 * cosine[0]!)
    const [, linear] = await rates('linear')
    expect(linear.map((rate) => Number((rate / linear[0]!).toFixed(9)))).toEqual([1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    const [, constant] = await rates('constant')
    expect(new Set(constant).size).toBe(1)
  })

  it('counts diverged runs as failures and continues', async () => {
    const data = makeDataset(readTable(table(200)), { name: 'toy', target: 'y' })
    const wild = rowsProblem({ ...data, features: data.features.map((x) => x * 1e18) }, 'abc', 16)
    const report = await run({ epochs: 3 }, wild)
    expect(report.results.some(({ failures }) => failures > 0)).toBe(true)
    for (const { value, failed } of report.results.flatMap(({ runs }) => runs)) {
      expect(failed ? value === null : Number.isFinite(value)).toBe(true)
    }
    const failed = report.results.filter(({ value }) => value === null).map(({ label }) => label)
    if (failed.length) expect(report.ranking.at(-1)).toEqual(failed)
  })

  it('does not rank optimizers with a single seed', async () => {
    const { ranking, comparisons, results } = await run({ seeds: 1 })
    expect([ranking.length, comparisons, results.map(({ interval }) => interval)]).toEqual([1, [], [null, null]])
  })

  it.each([
    [{ optimizers: ['Adamm'] }, "unknown optimizer 'Adamm'; did you mean Adam?"],
    [{ optimizers: ['Adam', 'Adam'] }, 'two optimizers have the label Adam; give them different ones, as in A=Adam,B=Adam'],
    [{ optimizers: [] }, 'at least one optimizer must be named'],
    [{ epochs: 0 }, 'compare: epochs must be an integer in [1, 1000000], got 0'],
    [{ seeds: 2 ** 40 }, 'compare: seeds must be an integer in [1, 1000], got 1099511627776'],
    [{ optimizers: ['A=Adam=SGD'] }, "an optimizer must be NAME or LABEL=NAME, got 'A=Adam=SGD'"],
    [{ optimizers: ['=Adam'] }, "an optimizer must be NAME or LABEL=NAME, got '=Adam'"],
    [{ optimizers: ['1=Adam'] }, "an optimizer must be NAME or LABEL=NAME, with a label that does not begin with a digit: '1=Adam'"],
    [{ baseSeed: -1 }, 'compare: seed must be an integer ≥ 0, got -1'],
    [{ schedule: 'step' }, "compare: schedule must be cosine or linear or constant, got 'step'"],
  ])('throws for %j', async (change, message) => {
    await expect(run(change)).rejects.toMatchObject({ code: 'option-range', message })
  })
})

describe('a plan', () => {
  const usual = { trials: 16, seeds: 10, epochs: 40 }

  it('fits the budget and lists its reductions', () => {
    expect(planned(5, 0.012, 2, usual, {})).toMatchObject({ trials: 64, seeds: 20, epochs: 40, leftOut: [] })
    expect(planned(1, 0.15, 2, usual, {})).toMatchObject({ trials: 8, seeds: 10, epochs: 40, leftOut: ['8 of 16 trials'] })
    expect(planned(1, 1, 1, usual, {})).toMatchObject({
      trials: 4,
      seeds: 5,
      epochs: 6,
      leftOut: ['12 of 16 trials', '5 of 10 seeds', '34 of 40 epochs'],
    })
  })

  it('keeps explicitly set values', () => {
    expect(planned(1, 0.15, 2, usual, { trials: 16 })).toMatchObject({ trials: 16, seeds: 5, epochs: 34 })
    const all = planned(0.1, 1, 1, usual, usual)
    expect([all.trials, all.seeds, all.epochs, all.leftOut]).toEqual([16, 10, 40, ['still exceeds the budget']])
    expect(thrown(() => planned(0, 1, 1, usual, {}))).toEqual({
      code: 'option-range',
      message: 'compare: minutes must be a number > 0, got 0',
    })
  })
})

describe('digits', () => {
  it('are 1,797 images of 64 pixels in 10 classes', () => {
    const text = readFileSync(new URL('../../datasets/digits.csv', import.meta.url), 'utf8')
    const data = makeDataset(readTable(text), { name: 'digits', target: 'digit', task: 'classification', divisor: 16 })
    expect([data.rows, data.featureNames.length, data.classes?.length, data.notes]).toEqual([1797, 64, 10, []])
    expect(Math.max(...data.features)).toBe(1)
  })
})
