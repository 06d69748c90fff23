/** What all differentiable functions begin with. */
import type { Arena } from '../memory/arena.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import { Tensor } from '../memory/tensor.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import type { ElementKernels } from '../wasm/generated/kernels.ts'
import type { FloatType } from '../wasm/wasm.ts'

export interface Prepared {
  readonly arena: Arena
  readonly kernels: ElementKernels
  readonly dtype: FloatType
}

/** Checks the inputs of a function, and gives their arena and the kernels of their element type. */
export function prepare(by: string, ...inputs: readonly (Tensor | null | undefined)[]): Prepared {
  const tensors = inputs.filter((input): input is Tensor => input !== null && input !== undefined)
  check(tensors.length > 0, 'params-invalid', () => `${by} takes tensors, and got ${shown(inputs[0])}`)
  for (const input of tensors) {
    check(input instanceof Tensor, 'params-invalid', () => `${by} takes tensors, and got ${shown(input)}`)
  }
  const { arena, dtype } = tensors[0]!
  for (const input of tensors) {
    input.assertAlive(by)
    check(input.arena === arena, 'dtype-mismatch', `${by}: tensors of two arenas`)
    check(input.dtype === dtype && dtype !== 'int32', 'dtype-mismatch', () => `${by}: ${tensors.map((x) => x.dtype).join(' and ')}`)
  }
  return { arena, kernels: arena.kernels[dtype as FloatType], dtype: dtype as FloatType }
}

/** A tensor's memory under another shape of the same size, in the current frame. */
export function alias({ arena, address, dtype }: Tensor, shape: Shape, by: string): Tensor {
  return new Tensor(arena, address, shape, dtype, arena.frames.required(by))
}

/** A sentence about two shapes that do not go together. */
export function mismatch(by: string, a: Tensor, b: Tensor, why: string): DownhillError {
  return new DownhillError('shape-mismatch', `${by}: ${showShape(a.shape)} and ${showShape(b.shape)} do not fit, ${why}`)
}

/** The one number at a gradient's address. */
export function scalarAt({ dtype, arena }: Tensor, address: number): number {
  return dtype === 'float32' ? arena.f32[address / 4]! : arena.f64[address / 8]!
}

/** An axis, counted from the end if negative. */
export function axisOf(by: string, rank: number, dim: number): number {
  const fits = Number.isInteger(dim) && dim >= -Math.max(rank, 1) && dim < Math.max(rank, 1)
  check(fits, 'shape-mismatch', () => `${by}: dim is from ${-Math.max(rank, 1)} to ${Math.max(rank, 1) - 1}, not ${shown(dim)}`)
  return dim < 0 ? dim + Math.max(rank, 1) : dim
}

/** Throws unless a value is an array of numbers; `name` is what it is called. */
export function checkList(by: string, name: string, value: unknown): asserts value is readonly number[] {
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === 'number')
  check(isList, 'option-range', () => `${by}: ${name} is an array of numbers, not ${shown(value)}`)
}
