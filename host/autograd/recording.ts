/** What is remembered of a computation, and what is not. */
import type { Arena } from '../memory/arena.ts'
import { sameShape, showShape } from '../memory/shape.ts'
import { Tensor } from '../memory/tensor.ts'
import { check, shown } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { alias, prepare } from './prepare.ts'
import { contributeAt } from './strides.ts'
import { record, tapeOf } from './tape.ts'

/** Runs `body` without remembering how its results came about: nothing in it can be passed back through. */
export function noGrad<T>(arena: Arena, body: () => T): T {
  return withTape(arena, false, body)
}

function withTape<T>(arena: Arena, isEnabled: boolean, body: () => T): T {
  const tape = tapeOf(arena)
  const { enabled } = tape
  tape.enabled = isEnabled
  try {
    return body()
  } finally {
    tape.enabled = enabled
  }
}

/** The same numbers, in the same memory, as a constant: no gradient goes back through it. */
export function detach(x: Tensor): Tensor {
  prepare('detach', x)
  return alias(x, x.shape, 'detach')
}

/**
 * Computes a block again in the backward pass instead of keeping what it computed: memory for time (Chen et al., arXiv 1604.06174). What the
 * block draws at random it must draw from a state of its own.
 *
 * @param block a function of tensors that gives one tensor, the same each time; beside its inputs it uses parameters and constants
 * @throws `backward-invalid` in the backward pass if the block uses a result that is not among its inputs
 * @example
 * const layer = new nn.Linear(arena, 2, 2)
 * arena.frame(() => nn.functional.sum(nn.functional.checkpoint((x) => layer.forward(x), arena.tensor([1, 2], [1, 2]))).backward())
 * Array.from(layer.bias.grad) // [1,1]
 */
export function checkpoint(block: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  const { arena, dtype } = prepare('checkpoint', ...inputs)
  check(typeof block === 'function', 'option-range', () => `checkpoint takes a function of tensors, not ${shown(block)}`)
  const constants = () => inputs.map((input) => alias(input, input.shape, 'checkpoint'))
  // Only the result outlives the block: its activations belong to a frame of their own.
  const { shape, data } = arena.frame(() => {
    const result = noGrad(arena, () => block(...constants()))
    prepare('checkpoint', ...inputs, result)
    return { shape: result.shape, data: result.data.slice() }
  })
  const y = arena.temporary(shape, dtype, 'checkpoint')
  y.data.set(data)
  // The weights in the block need gradients whether its inputs do or not.
  return record(y, inputs, (dy) => again(arena, dtype, block, inputs, y, dy), true)
}

function again(
  arena: Arena,
  dtype: FloatType,
  block: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  y: Tensor,
  dy: number,
): void {
  // The gradients of the inputs are needed longer than the frame of the block.
  const grads = inputs.map((input) => (input.requiresGrad ? arena.temporary(input.shape, dtype, 'checkpoint').address : 0))
  arena.frame(() => {
    const tape = tapeOf(arena)
    const since = tape.length
    const leaves = inputs.map((input) => {
      const leaf = alias(input, input.shape, 'checkpoint')
      leaf.requiresGrad = input.requiresGrad
      return leaf
    })
    const result = withTape(arena, true, () => block(...leaves))
    check(
      sameShape(result.shape, y.shape),
      'shape-mismatch',
      () => `checkpoint: the block gave ${showShape(y.shape)}, and then ${showShape(result.shape)}`,
    )
    if (leaves.includes(result)) result.gradAddress = dy
    else if (result.requiresGrad) tape.backward(result, dy, since)
    for (const [i, { gradAddress, bytes }] of leaves.entries()) {
      if (gradAddress) arena.kernels[dtype].scale(bytes, grads[i]!, gradAddress, 1)
      else grads[i] = 0
    }
  })
  for (const [i, input] of inputs.entries()) if (grads[i]) contributeAt(input, grads[i])
}

/** A function of the user's own, with its gradient. */
export interface CustomFunction {
  /** The shape of the result, from those of the inputs; that of the first by default. */
  readonly shape?: (...inputs: readonly Tensor[]) => readonly number[]
  /** Writes the result into `out`. */
  readonly forward: (out: Tensor, ...inputs: readonly Tensor[]) => void
  /** Writes the gradients of the inputs into `grads`, from that of the result; null where none is needed. */
  readonly backward: (grads: readonly (Tensor | null)[], dy: Tensor, out: Tensor, ...inputs: readonly Tensor[]) => void
}

/**
 * Applies a function of the user's own.
 *
 * @example
 * const cube = {
 *   forward: (out, x) => x.data.forEach((v, i) => (out.data[i] = v ** 3)),
 *   backward: ([dx], dy, out, x) => x.data.forEach((v, i) => (dx.data[i] = 3 * v * v * dy.data[i])),
 * }
 * const w = arena.parameter([2], { data: [1, 2] })
 * arena.frame(() => nn.functional.sum(nn.functional.apply(cube, w)).backward())
 * Array.from(w.grad) // [3,12]
 */
export function apply(custom: CustomFunction, ...inputs: Tensor[]): Tensor {
  const { arena, dtype } = prepare('apply', ...inputs)
  const isObject = typeof custom === 'object' && custom !== null
  check(isObject, 'option-range', () => `apply takes { forward, backward }, not ${shown(custom)}`)
  const { shape = (first: Tensor) => first.shape, forward, backward } = custom
  for (const part of [forward, backward])
    check(typeof part === 'function', 'option-range', () => `apply takes { forward, backward }, and one is ${shown(part)}`)
  const y = arena.temporary(shape(...(inputs as [Tensor])), dtype, 'apply')
  y.data.fill(0)
  forward(y, ...inputs)
  return record(y, inputs, (dy) => {
    const grads = inputs.map((input) => {
      if (!input.requiresGrad) return null
      const grad = arena.temporary(input.shape, dtype, 'apply')
      grad.data.fill(0)
      return grad
    })
    backward(grads, new Tensor(arena, dy, y.shape, dtype, arena.frames.current), y, ...inputs)
    for (const [i, grad] of grads.entries()) if (grad) contributeAt(inputs[i]!, grad.address)
  })
}
