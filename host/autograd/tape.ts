import { checkComputed, type Recorded } from '../memory/memory.ts'
import { showShape } from '../memory/shape.ts'
import { type Allocator, Parameter, type Tensor } from '../memory/tensor.ts'
import { check } from '../validation/errors.ts'

/** Passes the gradient at an address, that of the output, on to the inputs: through `contribute` or `accumulate`. */
export type Backward = (dy: number) => void

interface Node {
  readonly output: Tensor
  readonly inputs: readonly Tensor[]
  readonly backward: Backward
  spent: boolean
}

const SPENT = 'backward() a second time through the same computation'

const outside = ({ shape }: Tensor) =>
  `checkpoint: the block uses a ${showShape(shape)} that was computed outside it and is not among its inputs`

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

/** Computations that have a gradient, in order; `backward` runs through them from the end. */
export class Tape implements Recorded {
  readonly #nodes: Node[] = []
  /** Off inside `noGrad`. */
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
   * Passes the gradient at `from`, that of a loss, back to everything it was computed from. Without it the loss is one number, and its
   * gradient 1. With `since`, a length the tape had, nothing from before then may be among it: a pass through that is under way.
   */
  backward(loss: Tensor, from?: number, since = 0): void {
    const reached = this.#reached(loss, since)
    loss.gradAddress = from ?? this.#one(loss)
    for (const node of reached) {
      // What came of it may have been left unused, as an input of a checkpointed block.
      if (node.output.gradAddress) node.backward(node.output.gradAddress)
      node.output.gradAddress = 0
      node.spent = true
    }
    for (const { inputs } of reached) for (const input of inputs) forgetGrad(input)
  }

  #one(loss: Tensor): number {
    const { arena, dtype, size, shape } = loss
    check(size === 1, 'backward-invalid', () => `backward() starts from one number, and this tensor is ${showShape(shape)}`)
    const { address } = arena.temporary([], dtype, 'backward')
    arena.view(dtype, address, 1)[0] = 1
    return address
  }

  /** The nodes a loss was computed from, last first. */
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

/** After a backward pass, whose frame the gradient's memory belongs to: a tensor that outlives it must not add to it again. */
function forgetGrad(x: Tensor): void {
  if (!(x instanceof Parameter) && x.frame !== x.arena.frames.current) x.gradAddress = 0
}
