import { describe, expect, it } from 'vitest'
import { foldsOf } from '../../host/memory/folds.ts'
import { parametersOf } from '../../host/threads/signatures.ts'
import { divisionOf } from '../../host/threads/ways.ts'
import { rules } from '../../host/wasm/generated/kernels.ts'
import { arrays } from '../../host/wasm/generated/parameters.ts'
import { Draw } from './draw.ts'
import { everyRule, setGradient, variants } from './every-rule.ts'
import { makers, resultsOf } from './random-calls.ts'
import { Rehearsal, SIZES } from './rehearsal.ts'

const DTYPES = ['float32', 'float64'] as const
const FOLDS = ['dot', 'squaredNorm', 'squaredDistance', 'absSum', 'nonZero', 'absMax', 'nonFinite', 'powerSum'] as const

/** Every elementwise map, over arrays whose length is not a whole number of cache lines. */
function maps({ arena }: Rehearsal): void {
  const d = new Draw(1)
  for (const dtype of DTYPES) {
    for (const [name, list] of Object.entries(arrays)) {
      const params = list.map(() => arena.parameter([d.int(300, 900)], { dtype }))
      for (const param of params) param.data.set(d.numbers(param.size, 0.1, 2))
      const bytes = Math.min(...params.map((param) => param.bytes))
      const kernel = arena.kernels[dtype][name as keyof typeof arrays] as (...args: number[]) => void
      kernel(bytes, ...params.map(({ address }) => address), 0.3, 0.7)
      for (const param of params) param.dispose()
    }
  }
}

/** Every fold, over several arrays with several blocks. */
function folds({ arena }: Rehearsal): void {
  for (const dtype of DTYPES) {
    const [x, y] = [1, 2].map((seed) => arena.parameter([70_000], { dtype, data: new Draw(seed).numbers(70_000) }))
    for (const fold of FOLDS) {
      foldsOf(arena).each(
        fold,
        dtype,
        [
          [70_000, x!.address, y!.address],
          [5, x!.address, y!.address],
        ],
        3,
      )
    }
    x!.dispose()
    y!.dispose()
  }
}

function everyRuleSteps({ arena }: Rehearsal): void {
  for (const { Class, rule } of everyRule) {
    for (const dtype of DTYPES) {
      for (const options of variants(rule)) {
        const params = [[37, 20], [9, 4], [1]].map((shape) =>
          arena.parameter(shape, { dtype, data: new Draw(1).numbers(740).slice(0, shape[0]! * (shape[1] ?? 1)) }),
        )
        const optimizer = new Class(params, options)
        for (let step = 0; step < 2; step++) {
          for (const param of params) setGradient(rule, param, step)
          optimizer.step()
        }
        optimizer.dispose()
        for (const param of params) param.dispose()
      }
    }
  }
}

describe('the division of kernels', () => {
  it('is stated for every export, except those that compute a size', () => {
    const { names } = new Rehearsal(2, 1)
    const isRule = (base: string) => base.replace(/_.*/, '') in rules
    const unstated = names.map((name) => name.replace(/_f(32|64)$/, '')).filter((base) => !isRule(base) && divisionOf(base) === undefined)
    expect([...new Set(unstated)].sort()).toEqual(['stridedCopy', ...SIZES].sort())
    expect(names.filter(isRule).every((name) => parametersOf(name)[0] === 'spans')).toBe(true)
  })

  const jobs = new Set<string>()

  it.each([
    [2, 0],
    [3, 1],
    [7, 2],
  ])('makes parts that write to places of their own, in any order: %i threads', (threads, turn) => {
    const rehearsal = new Rehearsal(threads, threads)
    maps(rehearsal)
    folds(rehearsal)
    everyRuleSteps(rehearsal)
    const share = makers.length * 2
    for (let seed = turn * share; seed < (turn + 1) * share; seed++) resultsOf(seed, rehearsal.arena)
    for (const name of rehearsal.jobs.keys()) jobs.add(name)
  })

  it('was tested for every kernel', () => {
    const { names } = new Rehearsal(2, 1)
    const bases = (list: Iterable<string>) => new Set([...list].map((name) => name.replace(/^([A-Z][A-Za-z]*)_.*_f/, '$1_f')))
    const missing = [...bases(names)].filter((name) => !bases(jobs).has(name))
    expect(missing.map((name) => name.replace(/_f(32|64)$/, '')).filter((base) => !SIZES.includes(base))).toEqual([])
  })
})
