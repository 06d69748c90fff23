/** Checks at the beginning of every differentiable function. */
import type { Arena } from '../memory/arena.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import { Tensor } from '../memory/tensor.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import type { ElementKernels } from '../wasm/generated/kernels.ts'
import type { FloatType } from '../wasm/wasm.ts'

export interface Prepared {
  readonly arena: Arena
  readonly kernels: ElementKernels
  readonly dtype: FloatType
}

/** Checks the inputs of a function; returns their arena and the kernels of their dtype. */
export function prepare(by: string, ...inputs: readonly (Tensor | null | undefined)[]): Prepared {
  const tensors = inputs.filter((input): input is Tensor => input !== null && input !== undefined)
  checkTensor(by, tensors[0])
  for (const input of tensors) checkTensor(by, input)
  const { arena, dtype } = tensors[0]!
  for (const input of tensors) {
    input.assertAlive(by)
    check(input.arena === arena, 'dtype-mismatch', `${by}: all tensors must be in one arena`)
    const isFloat = input.dtype === dtype && dtype !== 'int32'
    check(
      isFloat,
      'dtype-mismatch',
      () => `${by}: inputs must be all float32 or all float64, got ${tensors.map((x) => x.dtype).join(' and ')}`,
    )
  }
  return { arena, kernels: arena.kernels[dtype as FloatType], dtype: dtype as FloatType }
}

/** Throws unless an input is a tensor. */
export function checkTensor(by: string, input: unknown): asserts input is Tensor {
  check(input instanceof Tensor, 'params-invalid', () => {
    const hint = Array.isArray(input) || ArrayBuffer.isView(input) ? '; pass arena.tensor(data, shape)' : ''
    return `${by}: the input must be a Tensor, got ${shown(input)}${hint}`
  })
}

/** Returns a tensor with the same memory and another shape of the same size, in the current frame. */
export function alias({ arena, address, dtype }: Tensor, shape: Shape, by: string): Tensor {
  return new Tensor(arena, address, shape, dtype, arena.frames.required(by))
}

/** Returns the error for two shapes that do not match. `why` states the requirement. */
export function mismatch(by: string, a: Tensor, b: Tensor, why: string): DownhillError {
  return new DownhillError('shape-mismatch', `${by}: shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not match: ${why}`)
}

/** Returns the single number at a gradient's address. */
export function scalarAt({ dtype, arena }: Tensor, address: number): number {
  return dtype === 'float32' ? arena.f32[address / 4]! : arena.f64[address / 8]!
}

/** Returns an axis as a nonnegative index. Negative axes count from the end. */
export function axisOf(by: string, rank: number, dim: number): number {
  const fits = Number.isInteger(dim) && dim >= -Math.max(rank, 1) && dim < Math.max(rank, 1)
  checkRange(fits, by, 'dim', `an integer in [${-Math.max(rank, 1)}, ${Math.max(rank, 1)})`, dim, 'shape-mismatch')
  return dim < 0 ? dim + Math.max(rank, 1) : dim
}

/** Throws unless a value is an array of numbers. `name` is the argument in the error. */
export function checkList(by: string, name: string, value: unknown): asserts value is readonly number[] {
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === 'number')
  checkRange(isList, by, name, 'an array of numbers', value)
}
