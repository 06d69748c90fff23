/** Made-up receipts for reports, with every kind of value that real ones can have. */
import type { CurvePoint, Report, ReportRun, Result, Trial } from '../../host/compare/report.ts'
import { candidates, type OptimizerName, optimizerNames, spaces } from '../../host/compare/spaces.ts'

/** Properties of a fixture. */
export interface Wanted {
  readonly labels?: readonly string[]
  readonly seeds?: number
  readonly points?: number
  readonly metric?: string
  /** Positions of optimizers with only failed runs. */
  readonly failed?: readonly number[]
  readonly name?: string
}

/** Returns a generator of uniform numbers in (0, 1), seeded. */
function drawn(seed: number): () => number {
  let state = seed + 1
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
}

const STEPS_A_POINT = 40

/** Returns a receipt like one of a real comparison. Its numbers are made up and deterministic. */
export function makeReport(wanted: Wanted = {}): Report {
  const {
    labels = ['AdamW', 'Adam', 'RMSprop', 'SGD', 'Adagrad'],
    seeds = 5,
    points = 40,
    metric = 'accuracy',
    failed = [],
    name = 'digits',
  } = wanted
  const random = drawn(labels.length)
  const share = (value: number) => (metric === 'accuracy' ? value : metric === '−loss' ? value - 1 : 3 * value - 2)
  const optimizerOf = (label: string, i: number): OptimizerName =>
    (optimizerNames as string[]).includes(label) ? (label as OptimizerName) : optimizerNames[i % optimizerNames.length]!
  const results = labels.map((label, i): Result => {
    const best = 0.978 - 0.0035 * Math.floor(i / 2) ** 1.7
    const pace = 1 + 3 * random()
    const optimizer = optimizerOf(label, i)
    const runs = Array.from({ length: seeds }, (_, seed): ReportRun => {
      if (failed.includes(i)) return { seed: 100 + seed, value: null, curve: [], seconds: 0.01, failed: true }
      const end = best + 0.006 * (random() - 0.5)
      const curve = Array.from({ length: points }, (_, k): CurvePoint => {
        const gone = 1 - Math.exp((-pace * 6 * (k + 1)) / points)
        const held = 0.1 + (end - 0.1) * gone + 0.006 * (random() - 0.5)
        return [STEPS_A_POINT * (k + 1), 2.3 * Math.exp(-4 * gone * (1 - i / 20)) * (0.9 + 0.2 * random()), share(held)]
      })
      return { seed: 100 + seed, value: share(end), curve, seconds: 0.4 + 0.1 * i + 0.05 * random(), failed: false }
    })
    const trials = candidates(spaces[optimizer], 12).map(({ lr, options }, k): Trial => {
      const [low, high] = spaces[optimizer].lr.log
      const off = Math.log(lr / low) / Math.log(high / low) - 0.55
      const isLost = failed.includes(i) || off > 0.3
      return { lr, options, value: isLost ? null : share(best - 1.4 * off * off - 0.01 * (k % 3)), failed: isLost, seconds: 0.4 + 0.02 * k }
    })
    const chosen = trials.reduce((a, b) => ((b.value ?? -Infinity) > (a.value ?? -Infinity) ? b : a))
    const values = runs.map(({ value }) => value)
    const value = values.includes(null) ? null : values.reduce<number>((sum, entry) => sum + entry!, 0) / seeds
    return {
      optimizer,
      label,
      lr: chosen.lr,
      options: chosen.options,
      value,
      interval:
        value === null || seeds < 2
          ? null
          : [value - Math.abs(share(best) - share(best - 0.003)), value + Math.abs(share(best) - share(best - 0.003))],
      runs,
      trials,
      stepsToTarget: value === null || i === labels.length - 2 ? null : 120 + 57.5 * i,
      seconds: runs.reduce((sum, { seconds }) => sum + seconds / seeds, 0),
      stateBytes: i === 3 ? 0 : 19_280 / (1 + (i % 2)),
      failures: trials.filter((trial) => trial.failed).length + runs.filter((run) => run.failed).length,
    }
  })
  const done = results.filter(({ value }) => value !== null).sort((a, b) => b.value! - a.value!)
  const ranking = seeds < 2 ? done.map(({ label }) => [label]) : pairs(done.map(({ label }) => label))
  const comparisons = done.flatMap((a, i) =>
    done.slice(i + 1).map((b) => {
      const difference = a.value! - b.value!
      const half = Math.abs(share(0.5) - share(0.504))
      return { a: a.label, b: b.label, difference, interval: [difference - half, difference + half] as const, adjusted: true as const }
    }),
  )
  const [first] = done
  return {
    format: 1,
    version: '0.1.0',
    runtime: 'Node 20.20.0',
    command: `downhill compare --problem digits --optimizers ${labels.join(',')} --seeds ${seeds}`,
    problem: {
      name,
      kind: metric === 'accuracy' ? 'classification' : 'regression',
      rows: 1797,
      features: 64,
      ...(metric === 'accuracy' && { classes: 10 }),
      split: { train: 1257, validation: 270, test: 270, seed: 0 },
      sha256: '3f1a9c0d5e7b2468ace013579bdf02468ace13579bdf02468ace13579bdf0246',
      source: { problem: 'digits' },
    },
    model: { layers: ['Linear(64 → 32)', 'ReLU', 'Linear(32 → 10)'], parameters: 2410 },
    metric: { name: metric, direction: 'higher', target: first ? first.value! - 0.01 * Math.abs(first.value!) : null },
    protocol: {
      baseSeed: 0,
      seeds: Array.from({ length: seeds }, (_, i) => 100 + i),
      trials: 12,
      epochs: points,
      batchSize: 32,
      hidden: 32,
      schedule: 'cosine',
      spaces: Object.fromEntries(results.map(({ optimizer }) => [optimizer, spaces[optimizer as OptimizerName]])),
    },
    results,
    ranking,
    comparisons: seeds < 2 ? [] : comparisons,
    recommendation: first
      ? {
          optimizer: first.optimizer,
          lr: first.lr,
          schedule: 'cosine',
          text: `Use ${first.label} with learning rate ${first.lr} and a cosine schedule. It did best on ${name}, with the least doubt about it.`,
        }
      : null,
  }
}

/** Splits labels into groups of alternately two and one. */
function pairs(labels: readonly string[]): string[][] {
  const groups: string[][] = []
  for (let i = 0; i < labels.length; ) {
    const size = groups.length % 2 ? 1 : 2
    groups.push(labels.slice(i, i + size))
    i += size
  }
  return groups
}

/** Labels and names that contain markup. */
export const hostile = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'; DROP TABLE--&amp;",
  '<!-- <b>Ünï‍çødé 🏔️ with a rather long name that goes on and on</b>',
] as const

/** Receipts to open in a browser, by purpose. */
export const fixtures: Readonly<Record<string, () => Report>> = {
  digits: () => makeReport(),
  'thirteen optimizers, two of them failed': () => makeReport({ labels: optimizerNames, points: 1000, seeds: 3, failed: [4, 9] }),
  'hostile names': () => makeReport({ labels: hostile, name: '<i>table</i>.csv', metric: 'R²' }),
  'one run of one optimizer': () => makeReport({ labels: ['Adam'], seeds: 1, points: 1, metric: '−loss' }),
  'all failed': () => makeReport({ labels: ['SGD', 'Adam'], failed: [0, 1] }),
}
