/** Recurrent networks, composed of other functions. The inputs of all steps are multiplied at once. */

import { sameShape, showShape } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { sigmoid, tanh } from './activations.ts'
import { add, mul, sub } from './arithmetic.ts'
import { mismatch, prepare } from './prepare.ts'
import { linear } from './products.ts'
import { cat, narrow, reshape, transpose } from './shaping.ts'

/** Weights of a layer: [gates·hidden, in], [gates·hidden, hidden], and biases [gates·hidden] or null. */
export interface RecurrentWeights {
  readonly weightIh: Tensor
  readonly weightHh: Tensor
  /** Default null. */
  readonly biasIh?: Tensor | null
  /** Default null. */
  readonly biasHh?: Tensor | null
}

/** Options of {@link gru} and {@link lstm}. */
export interface RecurrentOptions {
  /** Whether x is [rows, steps, in] instead of [steps, rows, in]. Default false. */
  readonly batchFirst?: boolean
}

/** Result of a recurrent network: the output of the last layer at every step, and the final state of all layers, [layers, rows, hidden]. */
export interface RecurrentResult {
  readonly output: Tensor
  readonly hidden: Tensor
}

/** State of a layer between steps: h, and c in an LSTM. */
type Cell = (gates: Tensor, state: readonly Tensor[], weights: RecurrentWeights, hidden: number) => readonly Tensor[]

/** r and z reset and update, n is the new state: h' = (1 − z)·n + z·h. */
const gruCell: Cell = (input, [h], { weightHh, biasHh }, hidden) => {
  const own = linear(h!, weightHh, biasHh ?? null)
  const gate = (from: Tensor, i: number) => narrow(from, 1, i * hidden, hidden)
  const r = sigmoid(add(gate(input, 0), gate(own, 0)))
  const z = sigmoid(add(gate(input, 1), gate(own, 1)))
  const n = tanh(add(gate(input, 2), mul(r, gate(own, 2))))
  return [add(n, mul(z, sub(h!, n)))]
}

/** i, f, g and o: c' = f·c + i·g, h' = o·tanh c'. */
const lstmCell: Cell = (input, [h, c], { weightHh, biasHh }, hidden) => {
  const gates = add(input, linear(h!, weightHh, biasHh ?? null))
  const gate = (i: number) => narrow(gates, 1, i * hidden, hidden)
  const next = add(mul(sigmoid(gate(1)), c!), mul(sigmoid(gate(0)), tanh(gate(2))))
  return [mul(sigmoid(gate(3)), tanh(next)), next]
}

/** A kind of network: its name, its cell and its number of gates. */
interface Network {
  readonly by: string
  readonly cell: Cell
  readonly gates: number
}

type States = readonly (Tensor | null)[]

/** Runs all layers. `final` has one [layers, rows, hidden] per kind of state. */
function run(network: Network, x: Tensor, initial: States, layers: readonly RecurrentWeights[], options: RecurrentOptions) {
  const { by } = network
  checkNames(by, ['batchFirst'], options)
  const { batchFirst = false } = options
  check(layers.length > 0, 'params-empty', `${by}: weights must not be empty`)
  checkRange(typeof batchFirst === 'boolean', by, 'batchFirst', 'true or false', batchFirst)
  prepare(by, x, ...initial, ...layers.flatMap(({ weightIh, weightHh, biasIh, biasHh }) => [weightIh, weightHh, biasIh, biasHh]))
  const form = () =>
    `${by}: the input must be [steps, rows, in], [rows, steps, in] with batchFirst, or [steps, in], got ${showShape(x.shape)}`
  check(x.shape.length === 2 || x.shape.length === 3, 'shape-mismatch', form)
  const isSingle = x.shape.length === 2
  const batch = isSingle ? reshape(x, [x.shape[0]!, 1, x.shape[1]!]) : batchFirst ? transpose(x, 0, 1) : x
  const hidden = layers[0]!.weightHh.shape[1]!
  const [steps, rows] = batch.shape as [number, number, number]
  check(steps > 0, 'shape-mismatch', `${by}: the input must have at least one step, got ${showShape(x.shape)}`)
  const shape = isSingle ? [layers.length, hidden] : [layers.length, rows, hidden]
  for (const state of initial) {
    const fits = !state || sameShape(state.shape, shape)
    check(fits, 'shape-mismatch', () => `${by}: initial states must be ${showShape(shape)}, got ${showShape(state!.shape)}`)
  }
  let output = batch
  const last = layers.map((weights, l) => {
    const states = initial.map((state) => state && reshape(narrow(state, 0, l, 1), [rows, hidden]))
    const layer = runLayer(network, output, states, weights, hidden)
    output = layer.output
    return layer.state
  })
  const final = initial.map((_, i) => reshape(cat(last.map((state) => state[i]!)), shape))
  return { output: isSingle ? reshape(output, [steps, hidden]) : batchFirst ? transpose(output, 0, 1) : output, final }
}

/** Runs one layer over x [steps, rows, in]. */
function runLayer({ by, cell, gates }: Network, x: Tensor, initial: States, weights: RecurrentWeights, hidden: number) {
  const { weightIh, weightHh, biasIh = null } = weights
  if (weightIh.shape[0] !== gates * hidden) throw mismatch(by, weightIh, weightHh, `they must have ${gates} gates of ${hidden}`)
  const [steps, rows] = x.shape as [number, number, number]
  const projected = linear(x, weightIh, biasIh)
  let state: readonly Tensor[] = initial.map((one) => {
    if (one) return one
    const zeros = x.arena.temporary([rows, hidden], x.dtype, by)
    zeros.data.fill(0)
    return zeros
  })
  const outputs: Tensor[] = []
  for (let t = 0; t < steps; t++) {
    state = cell(reshape(narrow(projected, 0, t, 1), [rows, gates * hidden]), state, weights, hidden)
    outputs.push(reshape(state[0]!, [1, rows, hidden]))
  }
  return { output: cat(outputs), state }
}

const GRU: Network = { by: 'gru', cell: gruCell, gates: 3 }
const LSTM: Network = { by: 'lstm', cell: lstmCell, gates: 4 }

/**
 * Gated recurrent unit of one or more layers, with torch's gates r, z, n (Cho et al., arXiv 1406.1078).
 *
 * @param x [steps, rows, in], or [steps, in]
 * @param hidden [layers, rows, hidden] or [layers, hidden], or null for zeros
 * @throws `shape-mismatch`
 */
export function gru(
  x: Tensor,
  hidden: Tensor | null,
  layers: readonly RecurrentWeights[],
  options: RecurrentOptions = {},
): RecurrentResult {
  const { output, final } = run(GRU, x, [hidden], layers, options)
  return { output, hidden: final[0]! }
}

/**
 * Long short-term memory of one or more layers, with torch's gates i, f, g, o (Hochreiter and Schmidhuber 1997).
 *
 * @param x [steps, rows, in], or [steps, in]
 * @param hidden [layers, rows, hidden] or [layers, hidden], or null for zeros
 * @param cell as hidden
 * @throws `shape-mismatch`
 */
export function lstm(
  x: Tensor,
  hidden: Tensor | null,
  cell: Tensor | null,
  layers: readonly RecurrentWeights[],
  options: RecurrentOptions = {},
): RecurrentResult & { readonly cell: Tensor } {
  const { output, final } = run(LSTM, x, [hidden, cell], layers, options)
  return { output, hidden: final[0]!, cell: final[1]! }
}
