/** Controls what autograd records. */
import type { Arena } from '../memory/arena.ts'
import { sameShape, showShape } from '../memory/shape.ts'
import { Tensor } from '../memory/tensor.ts'
import { check, checkRange, isObject } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { alias, prepare } from './prepare.ts'
import { contributeAt } from './strides.ts'
import { record, tapeOf } from './tape.ts'

/** Runs `body` without recording gradients. */
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

/** Returns a constant with the same memory: gradients stop at it. */
export function detach(x: Tensor): Tensor {
  prepare('detach', x)
  return alias(x, x.shape, 'detach')
}

/**
 * Recomputes a block in the backward pass instead of keeping its activations: saves memory, costs time (Chen et al., arXiv 1604.06174). The
 * block must restore the state of any generator that it uses.
 *
 * @param block a deterministic function of tensors that returns one tensor; it may also use parameters and constants
 * @throws `backward-invalid` in the backward pass if the block uses a computed tensor that is not among its inputs
 * @example
 * const layer = new nn.Linear(arena, 2, 2)
 * arena.frame(() => nn.functional.sum(nn.functional.checkpoint((x) => layer.forward(x), arena.tensor([1, 2], [1, 2]))).backward())
 * Array.from(layer.bias.grad) // [1,1]
 */
export function checkpoint(block: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  const { arena, dtype } = prepare('checkpoint', ...inputs)
  checkRange(typeof block === 'function', 'checkpoint', 'block', 'a function of tensors', block)
  const constants = () => inputs.map((input) => alias(input, input.shape, 'checkpoint'))
  // Only the result outlives the block: its activations are in a separate frame.
  const { shape, data } = arena.frame(() => {
    const result = noGrad(arena, () => block(...constants()))
    prepare('checkpoint', ...inputs, result)
    return { shape: result.shape, data: result.data.slice() }
  })
  const y = arena.temporary(shape, dtype, 'checkpoint')
  y.data.set(data)
  // The parameters in the block need gradients even if its inputs do not.
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
  // The gradients of the inputs outlive the frame of the block.
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
      () => `checkpoint: block must return the same shape twice, got ${showShape(y.shape)} and ${showShape(result.shape)}`,
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

/** A custom function with its gradient. */
export interface CustomFunction {
  /** Returns the shape of the result from those of the inputs. Default: the shape of the first input. */
  readonly shape?: (...inputs: readonly Tensor[]) => readonly number[]
  /** Writes the result to `out`. */
  readonly forward: (out: Tensor, ...inputs: readonly Tensor[]) => void
  /** Writes the gradients of the inputs to `grads`, from that of the result. Entries are null where no gradient is needed. */
  readonly backward: (grads: readonly (Tensor | null)[], dy: Tensor, out: Tensor, ...inputs: readonly Tensor[]) => void
}

/**
 * Applies a custom function.
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
  checkRange(isObject(custom), 'apply', 'the function', '{ forward, backward }', custom)
  const { shape = (first: Tensor) => first.shape, forward, backward } = custom
  for (const part of [forward, backward]) checkRange(typeof part === 'function', 'apply', 'forward and backward', 'functions', part)
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
