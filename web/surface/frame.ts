/** Maps points of a surface to pixels of the plot. Both axes have the same scale, so slopes keep their proportions. */
import type { Ground } from './surfaces.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  /** Width of a pixel in the coordinates of the surface. */
  readonly pixel: number
}

/** Returns a frame that shows all of a box, and more along one axis. */
export function frameOf(box: Ground['box'], width: number, height: number): Frame {
  const [x, y] = [box.x, box.y]
  const pixel = Math.max((x[1] - x[0]) / width, (y[1] - y[0]) / height)
  return { width, height, pixel, left: (x[0] + x[1]) / 2 - (width / 2) * pixel, top: (y[0] + y[1]) / 2 + (height / 2) * pixel }
}

export function toPixel({ left, top, pixel }: Frame, x: number, y: number): [number, number] {
  return [(x - left) / pixel, (top - y) / pixel]
}

export function toPoint({ left, top, pixel }: Frame, column: number, row: number): [number, number] {
  return [left + column * pixel, top - row * pixel]
}

/** Rounds a number to the digits that a pixel can show. */
export function neat(value: number, pixel: number): number {
  const digits = Math.max(0, Math.ceil(-Math.log10(pixel)))
  return Number(value.toFixed(Math.min(12, digits)))
}

/** Returns round numbers between two numbers, at most about `most`. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)))
}
