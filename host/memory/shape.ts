import { check, shown } from '../validation/errors.ts'

/** Sizes of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[]

export function sizeOf(shape: Shape): number {
  let size = 1
  for (let i = 0; i < shape.length; i++) size *= shape[i]!
  return size
}

/** Checks a shape that a caller passes in, and copies it. */
export function checkedShape(by: string, shape: Shape): Shape {
  check(Array.isArray(shape), 'shape-mismatch', () => `${by}: shape must be an array of sizes, got ${shown(shape)}`)
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0
  check(shape.every(isSize), 'shape-mismatch', () => `${by}: the sizes of a shape must be integers ≥ 0, got ${shown(shape)}`)
  check(sizeOf(shape) <= 2 ** 29, 'shape-mismatch', () => `${by}: a shape must have at most 2^29 elements, got ${showShape(shape)}`)
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
