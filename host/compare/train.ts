/** One run: a perceptron trained on a data set with one optimizer, learning rate and seed. */
import type { Arena } from '../arena.ts'
import * as functional from '../autograd/functions.ts'
import { noGrad } from '../autograd/recording.ts'
import { Linear, Sequential } from '../nn/layers.ts'
import { ReLU } from '../nn/plain.ts'
import { Generator } from '../random.ts'
import type { Tensor } from '../tensor.ts'
import type { Dataset } from './dataset.ts'
import { makeOptimizer, type OptimizerName } from './spaces.ts'

export interface RunSpec {
  readonly optimizer: OptimizerName
  readonly lr: number
  readonly seed: number
  readonly epochs: number
  readonly batchSize: number
  readonly hidden: number
}

/** [step, mean training loss of the epoch, metric on the validation rows] */
export type CurvePoint = readonly [step: number, train: number, held: number]

export interface Run {
  readonly seed: number
  /** Metric on the test rows; null if the run failed. */
  readonly value: number | null
  /** Metric on the validation rows, by which the learning rate is chosen; null if the run failed. */
  readonly validation: number | null
  readonly curve: readonly CurvePoint[]
  readonly seconds: number
  /** Whether the loss or the metric left the numbers. */
  readonly failed: boolean
  readonly stateBytes: number
}

/** Rows of a batch in which nothing is learned. */
export const EVALUATION_ROWS = 256

/** Copies rows of features and targets into arrays for one batch. */
export class Batch {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly #data: Dataset

  constructor(data: Dataset, size: number) {
    this.#data = data
    this.x = new Float32Array(size * data.featureNames.length)
    this.y = new Float32Array(size)
  }

  /** Fills itself from `order[start …]` and returns tensors of the current frame. */
  take(arena: Arena, order: Uint32Array, start: number, size: number): { x: Tensor; y: Float32Array } {
    const { features, featureNames, targets } = this.#data
    const width = featureNames.length
    for (let i = 0; i < size; i++) {
      const row = order[start + i]!
      this.x.set(features.subarray(row * width, (row + 1) * width), i * width)
      this.y[i] = targets[row]!
    }
    const x = arena.tensor(this.x.subarray(0, size * width), [size, width])
    return { x, y: this.y.subarray(0, size) }
  }
}

/** Features in, `hidden` units with ReLU, one output a class (or one in all). */
export function perceptron(arena: Arena, data: Dataset, hidden: number, generator: Generator): Sequential {
  const outputs = data.classes?.length ?? 1
  return new Sequential(
    new Linear(arena, data.featureNames.length, hidden, { generator }),
    new ReLU(),
    new Linear(arena, hidden, outputs, { generator }),
  )
}

/** Cross entropy, or the mean square. */
export function lossOf(data: Dataset, output: Tensor, y: Float32Array): Tensor {
  if (data.task === 'classification') return functional.crossEntropy(output, y)
  return functional.mseLoss(output, output.arena.tensor(y, [y.length, 1]))
}

/** Accuracy, or R² = 1 − Σ(ŷ − y)² / Σ(y − ȳ)². */
export function metricOf(arena: Arena, data: Dataset, model: Sequential, rows: Uint32Array, batch: Batch): number {
  const outputs = data.classes?.length ?? 1
  let right = 0
  let squares = 0
  let sum = 0
  let sumOfSquares = 0
  for (let start = 0; start < rows.length; start += EVALUATION_ROWS) {
    const size = Math.min(EVALUATION_ROWS, rows.length - start)
    arena.frame(() => {
      const { x, y } = batch.take(arena, rows, start, size)
      const { data: out } = noGrad(arena, () => model.forward(x))
      for (let i = 0; i < size; i++) {
        const target = y[i]!
        if (data.task === 'classification') {
          let best = 0
          for (let c = 1; c < outputs; c++) if (out[i * outputs + c]! > out[i * outputs + best]!) best = c
          if (best === target) right++
        } else {
          squares += (out[i]! - target) * (out[i]! - target)
          sum += target
          sumOfSquares += target * target
        }
      }
    })
  }
  if (data.task === 'classification') return right / rows.length
  return 1 - squares / (sumOfSquares - (sum * sum) / rows.length)
}

/** Trains from the seed's initial weights in the seed's batch order: both are the same for every optimizer and learning rate. */
export function trainRun(arena: Arena, data: Dataset, spec: RunSpec, afterEpoch?: (epoch: number) => void): Run {
  const started = performance.now()
  const generator = new Generator(spec.seed)
  const model = perceptron(arena, data, spec.hidden, generator)
  const optimizer = makeOptimizer(spec.optimizer, model.parameters(), spec.lr)
  const { train } = data.split
  const batch = new Batch(data, Math.max(Math.min(spec.batchSize, train.length), EVALUATION_ROWS))
  const curve: CurvePoint[] = []
  let step = 0
  let failed = false
  for (let epoch = 0; epoch < spec.epochs && !failed; epoch++) {
    const order = generator.permutation(train.length).map((i) => train[i]!)
    let total = 0
    for (let start = 0; start < order.length && !failed; start += spec.batchSize) {
      const size = Math.min(spec.batchSize, order.length - start)
      const loss = arena.frame(() => {
        const { x, y } = batch.take(arena, order, start, size)
        const mean = lossOf(data, model.forward(x), y)
        mean.backward()
        optimizer.step()
        optimizer.zeroGrad()
        return mean.item()
      })
      step++
      total += loss * size
      failed = !Number.isFinite(loss)
    }
    if (failed) break
    const held = metricOf(arena, data, model, data.split.validation, batch)
    failed = !Number.isFinite(held)
    if (!failed) curve.push([step, total / order.length, held])
    afterEpoch?.(epoch)
  }
  const value = failed ? Number.NaN : metricOf(arena, data, model, data.split.test, batch)
  failed ||= !Number.isFinite(value)
  const { stateBytes } = optimizer
  optimizer.dispose()
  for (const parameter of model.parameters()) parameter.dispose()
  const seconds = (performance.now() - started) / 1000
  const metrics = failed ? { value: null, validation: null } : { value, validation: curve.at(-1)![2] }
  return { seed: spec.seed, ...metrics, curve, seconds, failed, stateBytes }
}
