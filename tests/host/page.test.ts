/** Parts of the page that do not need a browser. */
import { describe, expect, it } from 'vitest'
import { defaultSettings, makeProblem, trainRun } from '../../host/compare/index.ts'
import { measuredEpoch } from '../../host/compare/plan.ts'
import { trainedWeights } from '../../host/compare/run.ts'
import { Arena } from '../../host/index.ts'
import { liveCurves } from '../../host/report/plots/curves.ts'
import { runtimeName } from '../../web/compare/runtime.ts'
import { commandOf, settingsOf } from '../../web/compare/source.ts'

const none = () => Promise.reject(new Error('no model'))
const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${(i * 31) % 11},${i % 7 > 3 ? 'high' : 'low'}`)
const source = { data: "it's levels.csv", target: 'the level' }
const spec = { source, name: source.data, text: `a,b,the level\n${rows.join('\n')}\n`, sha256: '', hidden: 8 }
const task = { optimizer: 'SGD', lr: 0.1, options: {}, seed: 3, epochs: 2, batchSize: 32, schedule: 'cosine' } as const

describe('the page', () => {
  it('names the browser', () => {
    const agent = (rest: string) => runtimeName(`Mozilla/5.0 (X11; Linux x86_64) ${rest}`)
    expect(agent('AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36')).toBe('Chromium 156')
    expect(agent('AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0')).toBe('Edge 156')
    expect(agent('Gecko/20100101 Firefox/140.0')).toBe('Firefox 140')
    expect(agent('AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15')).toBe('Safari 18')
    expect(agent('')).toBe('a browser')
  })

  it('plans like the command, and prints the matching command', async () => {
    const [arena, problem] = await Promise.all([Arena.create(), makeProblem(spec, none)])
    const choice = { source, optimizers: defaultSettings.optimizers, effort: 'default', asked: {} } as const
    const usual = settingsOf(choice, problem, arena, 2).settings
    expect(usual).toEqual({ ...defaultSettings, epochs: 40 })
    const data = `downhill compare --data 'it'\\''s levels.csv' --target 'the level'`
    expect(commandOf(source, usual, problem, 32)).toBe(data)
    const quick = settingsOf({ ...choice, effort: 'quick', asked: { seeds: 7 } }, problem, arena, 2).settings
    expect(quick).toEqual({ ...defaultSettings, trials: 6, seeds: 7, epochs: 10 })
    expect(commandOf(source, quick, problem, 8)).toBe(`${data} --trials 6 --seeds 7 --epochs 10 --hidden 8`)
    const timed = settingsOf({ ...choice, effort: 0.001, asked: { trials: 2 } }, problem, arena, 2)
    expect(timed.settings.trials).toBe(2)
    expect(timed.note).toMatch(/^planned to take about \d+ s; reductions: /)
    expect(measuredEpoch(arena, problem, usual)).toBeGreaterThan(0)
  })

  it('returns the final weights of a run, for models only', async () => {
    const [arena, problem, valley] = await Promise.all([
      Arena.create(),
      makeProblem(spec, none),
      makeProblem({ source: { problem: 'rosenbrock' }, name: 'rosenbrock', sha256: '', hidden: 0 }, none),
    ])
    const weights = trainedWeights(arena, problem, task)!
    expect(Object.entries(weights).map(([name, { shape }]) => [name, shape])).toEqual([
      ['0.weight', [8, 2]],
      ['0.bias', [8]],
      ['2.weight', [2, 8]],
      ['2.bias', [2]],
    ])
    expect(trainedWeights(arena, problem, task)).toEqual(weights)
    expect(trainedWeights(arena, problem, { ...task, epochs: 3 })).not.toEqual(weights)
    expect(trainedWeights(arena, problem, { ...task, lr: 1e30 })).toBe(undefined)
    expect(trainedWeights(arena, valley, { ...task, lr: 1e-4 })).toBe(undefined)
  })

  it('draws the curves of finished runs, each with its label', async () => {
    const [arena, problem] = await Promise.all([Arena.create(), makeProblem(spec, none)])
    const run = trainRun(arena, problem, task)
    const drawn = liveCurves('Accuracy', 'accuracy', [
      { at: 0, result: { label: 'SGD', runs: [run, { ...run, failed: true }] } },
      { at: 1, result: { label: '<Adam>', runs: [run] } },
      { at: 2, result: { label: 'none', runs: [] } },
    ])
    expect(drawn).toContain('>SGD</text>')
    expect(drawn).toContain('>&lt;Adam&gt;</text>')
    expect(drawn).not.toContain('none</text>')
    expect(drawn).not.toMatch(/ style=|NaN|<Adam>/)
    expect(liveCurves('Accuracy', 'accuracy', [])).toBe('')
  })
})
