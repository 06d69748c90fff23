/** Problems with a known answer: the protocol detects real differences and reports none without one. */
import { describe, expect, it } from 'vitest'
import { compare, defaultEpochs, defaultSettings, isDetected, makeProblem, ownProblem, type Problem } from '../../host/compare/index.ts'
import { Arena, type Generator } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'

const settingsFor = (problem: Problem) => ({ ...defaultSettings, epochs: defaultEpochs(problem, defaultSettings.batchSize) })

function bundled(problem: string): Promise<Problem> {
  return makeProblem({ source: { problem }, name: problem, sha256: '', hidden: 8 }, () => Promise.reject())
}

describe('a quadratic', () => {
  it('that is badly conditioned is won by optimizers with per-parameter scaling, not by plain gradient descent', async () => {
    const problem = await bundled('quadratic')
    const report = await compare(await Arena.create(), problem, settingsFor(problem))
    const place = (label: string) => report.ranking.findIndex((labels) => labels.includes(label))
    expect(place('SGD')).toBeGreaterThan(0)
    expect(['Adam', 'RMSprop', 'AdamW', 'Adagrad']).toContain(report.recommendation!.optimizer)
    const found = report.comparisons.find(({ a, b }) => a === report.results[0]!.label && b === 'SGD')
    expect(found === undefined ? report.results.at(-1)!.value === null : isDetected(found)).toBe(true)
  })

  it('with condition number 1 keeps SGD in first place', async () => {
    const spec = { source: { problem: 'quadratic', condition: 1 }, name: 'bowl', sha256: '', hidden: 8 }
    const problem = await makeProblem(spec, () => Promise.reject())
    const report = await compare(await Arena.create(), problem, { ...settingsFor(problem), optimizers: ['SGD', 'Adam'] })
    expect(report.ranking[0]).toContain('SGD')
  })
})

const WORDS = 400

/** Creates rows of a few words, where word k is 1/k as frequent as the first, and each word adds its own value. */
async function rareWords(): Promise<Problem> {
  let arena: Arena
  const rows = (generator: Generator, worth: readonly number[], count: number) => {
    const x = new Float32Array(count * WORDS)
    const y = new Float32Array(count)
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < WORDS; k++) {
        if (generator.uniform() > 1 / (k + 2)) continue
        x[row * WORDS + k] = 1
        y[row]! += worth[k]!
      }
    }
    return { x, y, count }
  }
  return ownProblem(
    {
      build(given, generator) {
        arena = given
        return new nn.Linear(arena, WORDS, 1, { generator })
      },
      loss(model, batch) {
        const { x, y, count } = batch as ReturnType<typeof rows>
        return nn.functional.mseLoss((model as nn.Linear).forward(arena.tensor(x, [count, WORDS])), arena.tensor(y, [count, 1]))
      },
      data(generator) {
        const worth = Array.from({ length: WORDS }, () => (generator.uniform() < 0.5 ? -1 : 1))
        const batches = (count: number, size: number) => Array.from({ length: count }, () => rows(generator, worth, size))
        return { train: batches(60, 16), held: batches(4, 128) }
      },
    },
    'rare words',
    '',
  )
}

describe('rare features', () => {
  it('are learned faster by Adagrad or Adam than by plain gradient descent', async () => {
    const problem = await rareWords()
    const report = await compare(await Arena.create(), problem, {
      ...settingsFor(problem),
      epochs: 8,
      optimizers: ['SGD', 'Adagrad', 'Adam'],
    })
    expect(['Adagrad', 'Adam']).toContain(report.recommendation!.optimizer)
    expect(report.ranking[0]).not.toContain('SGD')
  })
})

describe('two copies of one optimizer', () => {
  it('differ significantly in at most 10 of 100 comparisons at a nominal 5 %', async () => {
    const rows = [
      'a,b,kind',
      ...Array.from({ length: 240 }, (_, i) => `${(i * 37) % 101},${(i * 53) % 71},${((i * i) % 7) % 2 ? 'odd' : 'even'}`),
    ]
    const source = { data: 'toy.csv', target: 'kind' }
    const problem = await makeProblem({ source, name: 'toy', text: rows.join('\n'), sha256: '', hidden: 8 }, () => Promise.reject())
    const arena = await Arena.create()
    const settings = { ...defaultSettings, optimizers: ['A=Adam', 'B=Adam'], trials: 4, seeds: 5, epochs: 6 }
    const values = new Set<number>()
    let seen = 0
    for (let baseSeed = 0; baseSeed < 100; baseSeed++) {
      const { ranking, results } = await compare(arena, problem, { ...settings, baseSeed })
      for (const { value } of results) values.add(value!)
      if (ranking.length > 1) seen++
    }
    expect(values.size).toBeGreaterThan(50)
    expect(seen).toBeLessThanOrEqual(10)
  })
})
