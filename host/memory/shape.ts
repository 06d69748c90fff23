import { checkRange } from '../validation/errors.ts'

/** Sizes of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[]

export function sizeOf(shape: Shape): number {
  let size = 1
  for (let i = 0; i < shape.length; i++) size *= shape[i]!
  return size
}

/** Checks a shape that a caller passes in, and copies it. */
export function checkedShape(by: string, shape: Shape): Shape {
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0
  const fits = Array.isArray(shape) && shape.every(isSize) && sizeOf(shape) <= 2 ** 29
  checkRange(fits, by, 'shape', 'integers ≥ 0 with a product up to 2^29', shape, 'shape-mismatch')
  return [...shape]
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
