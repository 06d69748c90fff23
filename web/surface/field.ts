/** Tints a surface by height: bands of the logarithm of the height above the lowest visible point. */
import { type Frame, toPoint } from './frame.ts'
import type { Ground } from './surfaces.ts'

/** Pixels between sampled points; heights between them are interpolated. */
const GRAIN = 2
const BANDS = 16

export type Color = readonly [number, number, number]

export interface Field {
  readonly columns: number
  readonly rows: number
  /** Heights in bands, row by row. */
  readonly bands: Float32Array
}

/** Samples a surface over a frame. Yields after each row. */
export function* fieldOf(ground: Ground, frame: Frame): Generator<void, Field> {
  const columns = Math.ceil(frame.width / GRAIN) + 1
  const rows = Math.ceil(frame.height / GRAIN) + 1
  const heights = new Float64Array(columns * rows)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      heights[row * columns + column] = ground.value(toPoint(frame, column * GRAIN, row * GRAIN))
    }
    yield
  }
  const sample = heights.filter((height, i) => i % 7 === 0 && Number.isFinite(height)).sort()
  yield
  const at = (share: number) => sample[Math.floor(share * (sample.length - 1))] ?? 0
  const [lowest, middle, highest] = [at(0), at(0.5), at(0.995)]
  const unit = (middle - lowest) / 60 || 1
  const scale = BANDS / Math.log1p((highest - lowest) / unit || 1)
  const bands = new Float32Array(heights.length)
  for (let i = 0; i < bands.length; i++) {
    const height = heights[i]!
    const band = Math.log1p(Math.max(0, height - lowest) / unit) * scale
    bands[i] = Number.isNaN(height) ? Number.NaN : Math.min(BANDS - 0.01, band)
  }
  return { columns, rows, bands }
}

function mixed(a: Color, b: Color, share: number): Color {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

/** Fills an image with tints between two colors, the first for the lowest band. Leaves NaN transparent. Yields after each row. */
export function* tinted({ columns, rows, bands }: Field, image: ImageData, low: Color, high: Color): Generator<void> {
  const ramp = Array.from({ length: BANDS + 1 }, (_, i) => mixed(low, high, Math.min(1, i / (BANDS - 1))))
  const { width, height, data } = image
  const [across, down] = [(columns - 1) / width, (rows - 1) / height]
  for (let row = 0; row < height; row++) {
    const y = Math.min(rows - 1.001, row * down)
    const top = Math.floor(y) * columns
    const below = y - Math.floor(y)
    for (let column = 0; column < width; column++) {
      const x = Math.min(columns - 1.001, column * across)
      const left = Math.floor(x)
      const beside = x - left
      const [a, b] = [bands[top + left]!, bands[top + left + 1]!]
      const [c, d] = [bands[top + columns + left]!, bands[top + columns + left + 1]!]
      const [upper, lower] = [a + (b - a) * beside, c + (d - c) * beside]
      const band = upper + (lower - upper) * below
      if (Number.isNaN(band)) continue
      // Edges between bands are one pixel wide.
      const steep = Math.abs(b - a) * across + Math.abs(c - a) * down
      const edge = Math.round(band)
      const share = steep > 0 ? Math.min(1, Math.max(0, 0.5 + (band - edge) / steep)) : band < edge ? 0 : 1
      const [from, to] = [ramp[Math.max(0, edge - 1)]!, ramp[edge]!]
      const at = (row * width + column) * 4
      data[at] = from[0] + (to[0] - from[0]) * share
      data[at + 1] = from[1] + (to[1] - from[1]) * share
      data[at + 2] = from[2] + (to[2] - from[2]) * share
      data[at + 3] = 255
    }
    yield
  }
}
