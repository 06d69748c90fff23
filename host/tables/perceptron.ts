/** The model for rows: a multilayer perceptron, preceded by an embedding for text. */

import { mseLoss } from '../autograd/losses.ts'
import { noGrad } from '../autograd/recording.ts'
import { crossEntropy } from '../autograd/softmax.ts'
import type { Arena } from '../memory/arena.ts'
import type { Tensor } from '../memory/tensor.ts'
import { Embedding, Linear, Sequential } from '../nn/layers.ts'
import type { Module } from '../nn/module.ts'
import { Dropout, Flatten, ReLU } from '../nn/plain.ts'
import type { Generator } from '../numerics/random.ts'
import { checkRange } from '../validation/errors.ts'
import type { Scale } from './coding.ts'
import type { Dataset } from './dataset.ts'
import { classScores, largest, type Scores, valueScores } from './scores.ts'

/** Size of a perceptron. */
export interface Architecture {
  /** Units of each hidden layer. */
  readonly hidden: number | readonly number[]
  /** Probability of zeroing a hidden unit during training. Default 0. */
  readonly dropout?: number
}

/** Whether a value can be the units of the hidden layers. */
export function isHidden(value: unknown): boolean {
  const layers = [value].flat()
  const isSize = (units: unknown) => Number.isSafeInteger(units) && (units as number) > 0 && (units as number) <= 65_536
  return layers.length > 0 && layers.length <= 16 && layers.every(isSize)
}

/** Whether a value can be the probability of dropout. */
export function isDropout(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 1
}

/** Throws unless an architecture's numbers are in range. `by` is the command in an error. */
export function checkArchitecture(by: string, { hidden, dropout = 0 }: Architecture): void {
  checkRange(isHidden(hidden), by, 'hidden', 'one to 16 integers in [1, 65536]', hidden)
  checkRange(isDropout(dropout), by, 'dropout', 'a number in [0, 1)', dropout)
}

/** Rows per batch during evaluation. */
export const EVALUATION_ROWS = 256

/** Copies features and targets of rows into arrays for one batch. */
export class Batch {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly #data: Dataset

  constructor(data: Dataset, size: number) {
    this.#data = data
    this.x = new Float32Array(size * data.featureNames.length)
    this.y = new Float32Array(size)
  }

  /** Copies rows `order[start …]` and returns them as tensors of the current frame. */
  take(arena: Arena, order: Uint32Array, start: number, size: number): { x: Tensor; y: Float32Array } {
    const { features, featureNames, targets } = this.#data
    const width = featureNames.length
    for (let i = 0; i < size; i++) {
      const row = order[start + i]!
      this.x.set(features.subarray(row * width, (row + 1) * width), i * width)
      this.y[i] = targets[row]!
    }
    const dtype = this.#data.task === 'language' ? 'int32' : 'float32'
    const x = arena.tensor(this.x.subarray(0, size * width), [size, width], { dtype })
    return { x, y: this.y.subarray(0, size) }
  }
}

/** Embedding size of a character. */
const EMBEDDING = 16

/** Input and output sizes of a model. */
export type Shape = Pick<Dataset, 'task' | 'featureNames' | 'classes'>

/** Returns a perceptron with ReLU and one output per class, or one for regression. Characters are embedded first. */
export function perceptron(arena: Arena, data: Shape, { hidden, dropout = 0 }: Architecture, generator: Generator): Sequential {
  const outputs = data.classes?.length ?? 1
  const width = data.featureNames.length
  const isText = data.task === 'language'
  const layers: Module[] = isText ? [new Embedding(arena, outputs, EMBEDDING, { generator }), new Flatten()] : []
  let inputs = isText ? width * EMBEDDING : width
  for (const units of [hidden].flat()) {
    layers.push(new Linear(arena, inputs, units, { generator }), new ReLU())
    if (dropout > 0) layers.push(new Dropout(dropout, { generator }))
    inputs = units
  }
  return new Sequential(...layers, new Linear(arena, inputs, outputs, { generator }))
}

/** Returns the layers, in a receipt's notation. */
export function layersOf(data: Shape, { hidden, dropout = 0 }: Architecture): string[] {
  const outputs = data.classes?.length ?? 1
  const width = data.featureNames.length
  const isText = data.task === 'language'
  const sizes = [isText ? width * EMBEDDING : width, ...[hidden].flat()]
  const dense = sizes
    .slice(1)
    .flatMap((units, i) => [`Linear ${sizes[i]} → ${units}`, 'ReLU', ...(dropout > 0 ? [`Dropout ${dropout}`] : [])])
  return [...(isText ? [`Embedding ${outputs} × ${EMBEDDING}`] : []), ...dense, `Linear ${sizes.at(-1)} → ${outputs}`]
}

/** Returns the cross-entropy, or the mean squared error. */
export function lossOf(data: Dataset, output: Tensor, y: Float32Array): Tensor {
  if (data.task !== 'regression') return crossEntropy(output, y)
  return mseLoss(output, output.arena.tensor(y, [y.length, 1]))
}

/** Calls `use` with the outputs of a model for each batch of rows, [size, outputs], and the targets. The model is in evaluation mode. */
function forEachPortion(
  arena: Arena,
  model: Module,
  rows: Uint32Array,
  batch: Batch,
  use: (output: Tensor, y: Float32Array, start: number) => void,
): void {
  const { training } = model
  model.eval()
  for (let start = 0; start < rows.length; start += EVALUATION_ROWS) {
    arena.frame(() => {
      const { x, y } = batch.take(arena, rows, start, Math.min(EVALUATION_ROWS, rows.length - start))
      use(
        noGrad(arena, () => model.forward(x)),
        y,
        start,
      )
    })
  }
  model.train(training)
}

/** Returns the outputs of a model for rows, [rows, outputs]. */
export function outputsOf(arena: Arena, data: Shape, model: Module, rows: Uint32Array, batch: Batch): Float32Array {
  const width = data.classes?.length ?? 1
  const outputs = new Float32Array(rows.length * width)
  forEachPortion(arena, model, rows, batch, (output, _, start) => outputs.set(output.data as Float32Array, start * width))
  return outputs
}

/** Returns the accuracy; R² = 1 − Σ(ŷ − y)² / Σ(y − ȳ)²; −loss for text. */
export function metricOf(arena: Arena, data: Dataset, model: Module, rows: Uint32Array, batch: Batch): number {
  if (data.task === 'language') {
    let loss = 0
    forEachPortion(arena, model, rows, batch, (output, y) => {
      loss += y.length * noGrad(arena, () => lossOf(data, output, y)).item()
    })
    return -loss / rows.length
  }
  const outputs = outputsOf(arena, data, model, rows, batch)
  const classes = data.classes?.length
  if (classes)
    return rows.reduce((right, row, i) => right + Number(largest(outputs, i * classes, classes) === data.targets[row]), 0) / rows.length
  let squares = 0
  let sum = 0
  let sumOfSquares = 0
  for (const [i, row] of rows.entries()) {
    const target = data.targets[row]!
    squares += (outputs[i]! - target) * (outputs[i]! - target)
    sum += target
    sumOfSquares += target * target
  }
  return 1 - squares / (sumOfSquares - (sum * sum) / rows.length)
}

/** Scores a model on rows of a table. Errors of values are in the unit of the target. */
export function scoresOf(arena: Arena, data: Dataset, model: Module, rows: Uint32Array, batch: Batch): Scores {
  const outputs = outputsOf(arena, data, model, rows, batch)
  const targets = Float64Array.from(rows, (row) => data.targets[row]!)
  if (data.classes) return classScores(outputs, targets, data.classes.length)
  const { mean = 0, deviation = 1 } = (data.coding?.target ?? {}) as Partial<Scale>
  const inUnit = (values: ArrayLike<number>) => Float64Array.from(values, (value) => value * deviation + mean)
  return valueScores(inUnit(outputs), inUnit(targets))
}
