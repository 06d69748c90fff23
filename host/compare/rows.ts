/** Problems with rows: tables and text. */
import type { Arena } from '../memory/arena.ts'
import type { Generator } from '../numerics/random.ts'
import { baselinesOf } from '../tables/baselines.ts'
import type { Dataset } from '../tables/dataset.ts'
import { PLAIN } from '../tables/notation.ts'
import { type Architecture, Batch, EVALUATION_ROWS, layersOf, lossOf, metricOf, perceptron, scoresOf } from '../tables/perceptron.ts'
import { tableModel } from '../tables/saved.ts'
import { columnCalled, type Table } from '../tables/table.ts'
import type { Problem, Session } from './problem.ts'

/** Name of the metric of each task. */
export const METRICS = { classification: 'accuracy', regression: 'R²', language: '−loss' } as const

/** A perceptron trained on the rows of a data set. `size`: units of its hidden layer, or its architecture. */
export function rowsProblem(data: Dataset, sha256: string, size: number | Architecture): Problem {
  const architecture = typeof size === 'number' ? { hidden: size } : size
  const { split, classes } = data
  const kind = data.task
  const table = tableModel(data, architecture)
  return {
    facts: {
      name: data.name,
      kind,
      rows: data.rows,
      features: data.featureNames.length,
      ...(classes && { classes: classes.length }),
      ...(classes && kind === 'classification' && { classNames: classes }),
      split: { train: split.train.length, validation: split.validation.length, test: split.test.length, seed: split.seed },
      sha256,
    },
    model: { layers: layersOf(data, architecture) },
    metric: METRICS[kind],
    resolution: kind === 'classification' ? 1 / split.test.length : 0,
    architecture,
    notes: data.notes,
    ...(table && { table }),
    ...(kind !== 'language' && { baselines: (arena) => baselinesOf(arena, data) }),
    begin: (arena, generator, batchSize) => begin(arena, data, architecture, generator, batchSize),
  }
}

function begin(arena: Arena, data: Dataset, architecture: Architecture, generator: Generator, batchSize: number): Session {
  const model = perceptron(arena, data, architecture, generator)
  const parameters = [...model.parameters()]
  const { train, validation, test } = data.split
  const batch = new Batch(data, Math.max(Math.min(batchSize, train.length), EVALUATION_ROWS))
  return {
    parameters,
    steps: Math.ceil(train.length / batchSize),
    *epoch() {
      const order = generator.permutation(train.length).map((i) => train[i]!)
      for (let start = 0; start < order.length; start += batchSize) {
        const rows = Math.min(batchSize, order.length - start)
        const gradients = () =>
          arena.frame(() => {
            const { x, y } = batch.take(arena, order, start, rows)
            const loss = lossOf(data, model.forward(x), y)
            loss.backward()
            return loss.item()
          })
        yield { rows, gradients }
      }
    },
    metric: (part) => metricOf(arena, data, model, part === 'test' ? test : validation, batch),
    ...(data.task !== 'language' && { scores: () => scoresOf(arena, data, model, test, batch) }),
    stateDict: () => model.stateDict(),
    dispose: () => {
      for (const parameter of parameters) parameter.dispose()
    },
  }
}

/** Number of characters that predict the next one. */
const CONTEXT = 12
/** Number of characters between the starts of successive rows. */
const STRIDE = 7

/** Rows of characters and the next one; the last tenth of the text is for testing, the tenth before it for validation. */
export function characters(text: string, name: string): Dataset {
  const letters = Array.from(text)
  const alphabet = [...new Set(letters)].sort()
  const codeOf = new Map(alphabet.map((letter, code) => [letter, code]))
  const codes = Float32Array.from(letters, (letter) => codeOf.get(letter)!)
  const rows = Math.floor((codes.length - CONTEXT - 1) / STRIDE)
  const features = new Float32Array(rows * CONTEXT)
  for (let row = 0; row < rows; row++) features.set(codes.subarray(row * STRIDE, row * STRIDE + CONTEXT), row * CONTEXT)
  const all = Uint32Array.from({ length: rows }, (_, row) => row)
  const [first, second] = [Math.floor(0.8 * rows), Math.floor(0.9 * rows)]
  return {
    name,
    task: 'language',
    rows,
    features,
    featureNames: Array.from({ length: CONTEXT }, (_, i) => `${CONTEXT - i} before`),
    targets: Float32Array.from({ length: rows }, (_, row) => codes[row * STRIDE + CONTEXT]!),
    classes: alphabet,
    split: { train: all.subarray(0, first), validation: all.subarray(first, second), test: all.subarray(second), seed: 0 },
    notes: [],
  }
}

/** A word is in the table if at least this many rows have it. */
const FEWEST_ROWS = 4

/** Returns a table in which a text column is replaced with one column per word: 1 if the row contains it, else 0. */
export function wordsOf(table: Table, column: string): Table {
  const text = columnCalled(table, column)
  if (text.kind !== 'text') return table
  const words = text.categories.map((category) => new Set(category.toLowerCase().match(/[a-z]+/g)))
  const rowsWith = new Map<string, number>()
  for (const code of text.codes) for (const word of words[code] ?? []) rowsWith.set(word, (rowsWith.get(word) ?? 0) + 1)
  const kept = [...rowsWith.keys()].filter((word) => rowsWith.get(word)! >= FEWEST_ROWS).sort()
  const has = (word: string) => Float64Array.from(text.codes, (code) => (words[code]?.has(word) ? 1 : 0))
  const rest = table.columns.filter((other) => other !== text)
  return {
    ...table,
    columns: [...rest, ...kept.map((word) => ({ name: word, kind: 'number' as const, values: has(word), notation: PLAIN }))],
  }
}
