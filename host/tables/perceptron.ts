/** The model for rows: a multilayer perceptron, preceded by an embedding for text. */

import { mseLoss } from '../autograd/losses.ts'
import { noGrad } from '../autograd/recording.ts'
import { crossEntropy } from '../autograd/softmax.ts'
import type { Arena } from '../memory/arena.ts'
import type { Tensor } from '../memory/tensor.ts'
import { Embedding, Linear, Sequential } from '../nn/layers.ts'
import { Flatten, ReLU } from '../nn/plain.ts'
import type { Generator } from '../numerics/random.ts'
import type { Dataset } from './dataset.ts'
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

/** Features, `hidden` units with ReLU, one output per class (or a single one). Characters are embedded first. */
export function perceptron(arena: Arena, data: Dataset, hidden: number, generator: Generator): Sequential {
  const outputs = data.classes?.length ?? 1
  const width = data.featureNames.length
  const isText = data.task === 'language'
  return new Sequential(
    ...(isText ? [new Embedding(arena, outputs, EMBEDDING, { generator }), new Flatten()] : []),
    new Linear(arena, isText ? width * EMBEDDING : width, hidden, { generator }),
    new ReLU(),
    new Linear(arena, hidden, outputs, { generator }),
  )
}

/** Returns the layers, in a receipt's notation. */
export function layersOf(data: Dataset, hidden: number): string[] {
  const outputs = data.classes?.length ?? 1
  const width = data.featureNames.length
  const dense = (inputs: number) => [`Linear ${inputs} → ${hidden}`, 'ReLU', `Linear ${hidden} → ${outputs}`]
  return data.task === 'language' ? [`Embedding ${outputs} × ${EMBEDDING}`, ...dense(width * EMBEDDING)] : dense(width)
}

/** Returns the cross-entropy, or the mean squared error. */
export function lossOf(data: Dataset, output: Tensor, y: Float32Array): Tensor {
  if (data.task !== 'regression') return crossEntropy(output, y)
  return mseLoss(output, output.arena.tensor(y, [y.length, 1]))
}

/** Returns the accuracy; R² = 1 − Σ(ŷ − y)² / Σ(y − ȳ)²; −loss for text. */
export function metricOf(arena: Arena, data: Dataset, model: Sequential, rows: Uint32Array, batch: Batch): number {
  const outputs = data.classes?.length ?? 1
  let right = 0
  let loss = 0
  let squares = 0
  let sum = 0
  let sumOfSquares = 0
  for (let start = 0; start < rows.length; start += EVALUATION_ROWS) {
    const size = Math.min(EVALUATION_ROWS, rows.length - start)
    arena.frame(() => {
      const { x, y } = batch.take(arena, rows, start, size)
      const output = noGrad(arena, () => model.forward(x))
      if (data.task === 'language') {
        loss += size * noGrad(arena, () => lossOf(data, output, y)).item()
        return
      }
      const { data: out } = output
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
  if (data.task === 'language') return -loss / rows.length
  if (data.task === 'classification') return right / rows.length
  return 1 - squares / (sumOfSquares - (sum * sum) / rows.length)
}
