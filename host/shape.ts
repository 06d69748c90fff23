import { check, shown } from './errors.ts'

/** Sizes of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[]

export function sizeOf(shape: Shape): number {
  let size = 1
  for (let i = 0; i < shape.length; i++) size *= shape[i]!
  return size
}

/** A shape given by the user, checked and copied. */
export function checkedShape(shape: Shape): Shape {
  check(Array.isArray(shape), 'shape-mismatch', () => `a shape is an array of sizes, not ${shown(shape)}`)
  for (const size of shape) {
    check(Number.isSafeInteger(size) && size >= 0, 'shape-mismatch', () => `a shape's sizes are whole numbers ≥ 0: ${showShape(shape)}`)
  }
  check(sizeOf(shape) <= 2 ** 29, 'shape-mismatch', () => `${showShape(shape)} has more than 2^29 elements`)
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
