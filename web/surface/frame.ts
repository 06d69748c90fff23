/** Where the points of a surface are on the plot. Both axes have one scale, so that slopes look as steep as they are. */
import type { Ground } from './surfaces.ts'

export interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  /** How much a pixel is. */
  readonly pixel: number
}

/** All of a box, and what fits beside it. */
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

/** The nearest number of few digits, no further than a share of a pixel. */
export function neat(value: number, pixel: number): number {
  const digits = Math.max(0, Math.ceil(-Math.log10(pixel)))
  return Number(value.toFixed(Math.min(12, digits)))
}

/** Round numbers between two. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(10)))
}
