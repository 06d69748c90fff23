import { checkComputed, type Recorded } from '../memory/memory.ts'
import { showShape } from '../memory/shape.ts'
import { type Allocator, Parameter, type Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'

/** Adds gradients to the inputs from the gradient of the output at an address, with `contribute` or `accumulate`. */
export type Backward = (dy: number) => void

interface Node {
  readonly output: Tensor
  readonly inputs: readonly Tensor[]
  readonly backward: Backward
  spent: boolean
}

const SPENT = 'backward: must not run twice through the same computation'

const outside = ({ shape }: Tensor) => `checkpoint: block must not use a computed ${showShape(shape)} that is not among its inputs`

/** Returns the tape of an arena, created at its first use. */
export function tapeOf(arena: Allocator): Tape {
  arena.recorded ??= new Tape()
  return arena.recorded as Tape
}

/** Records a result on the tape of its arena, if any of its inputs needs a gradient, or `always`; returns the result. */
export function record(output: Tensor, inputs: readonly Tensor[], backward: Backward, always = false): Tensor {
  tapeOf(output.arena).record(output, inputs, backward, always)
  return output
}

/** Computations with gradients, in order. `backward` runs through them from the end. */
export class Tape implements Recorded {
  readonly #nodes: Node[] = []
  /** False inside `noGrad`. */
  enabled = true

  get length(): number {
    return this.#nodes.length
  }

  record(output: Tensor, inputs: readonly Tensor[], backward: Backward, always: boolean): void {
    if (!this.enabled || !(always || inputs.some((input) => input.requiresGrad))) return
    output.requiresGrad = true
    this.#nodes.push({ output, inputs, backward, spent: false })
  }

  truncate(length: number): void {
    this.#nodes.length = length
  }

  /**
   * Propagates the gradient at `from`, that of a loss, to everything it was computed from. Without it the loss must be one number, with
   * gradient 1. With `since`, a length of the tape, results from before it must not be involved, because their own pass is in progress.
   */
  backward(loss: Tensor, from?: number, since = 0): void {
    const reached = this.#reached(loss, since)
    loss.gradAddress = from ?? this.#one(loss)
    for (const node of reached) {
      // An input of a checkpointed block may be unused.
      if (node.output.gradAddress) node.backward(node.output.gradAddress)
      node.output.gradAddress = 0
      node.spent = true
    }
    for (const { inputs } of reached) for (const input of inputs) forgetGrad(input)
  }

  #one(loss: Tensor): number {
    const { arena, dtype, size, shape } = loss
    checkRange(size === 1, 'backward', 'the loss', 'one number', shape, 'backward-invalid')
    const { address } = arena.temporary([], dtype, 'backward')
    arena.view(dtype, address, 1)[0] = 1
    return address
  }

  /** Returns the nodes that a loss was computed from, last first. */
  #reached(loss: Tensor, since: number): Node[] {
    const needed = new Set([loss])
    const reached: Node[] = []
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i]!
      if (!needed.has(node.output)) continue
      check(i >= since, 'backward-invalid', () => outside(node.output))
      check(!node.spent, 'backward-invalid', SPENT)
      reached.push(node)
      for (const input of node.inputs) if (input.requiresGrad) needed.add(input)
    }
    checkComputed(reached[0]?.output === loss)
    return reached
  }
}

/** Removes gradients after a backward pass, because its frame owns their memory, and a tensor may outlive the frame. */
function forgetGrad(x: Tensor): void {
  if (!(x instanceof Parameter) && x.frame !== x.arena.frames.current) x.gradAddress = 0
}
