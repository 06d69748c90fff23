/** Draws paths, marks and labels on the plot. A halo makes them visible on any tint and over each other. */
import { type Frame, toPixel } from './frame.ts'
import { dashesOf, markOf } from './marks.ts'
import type { Pair } from './surfaces.ts'

/** Pixels between the marks of a path. */
const BETWEEN_MARKS = 56
const MOST_MARKS = 40
/** Points per stroke. */
const PIECE = 64
/** Pixels of the longest dashed path. On longer ones dashes are indistinct and slow to draw. */
const LONGEST_DASHED = 15_000

/** Converts a path to pixels, without points closer than a pixel and clamped far outside the plot. */
export function wayOf(path: readonly number[], frame: Frame): Pair[] {
  const far = 4 * (frame.width + frame.height)
  const bounded = (value: number) => Math.min(far, Math.max(-far, value))
  const line: Pair[] = []
  for (let i = 0; i + 1 < path.length; i += 2) {
    const [x, y] = toPixel(frame, path[i]!, path[i + 1]!).map(bounded) as [number, number]
    const last = line.at(-1)
    if (!last || i + 3 >= path.length || Math.hypot(x - last[0], y - last[1]) > 0.7) line.push([x, y])
  }
  return line
}

export function drawWay(context: CanvasRenderingContext2D, index: number, line: readonly Pair[], color: string, paper: string): void {
  const lengths = line.map(([x, y], i) => (i === 0 ? 0 : Math.hypot(x - line[i - 1]![0], y - line[i - 1]![1])))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  // Draws short pieces, because one long line that crosses itself is many times slower.
  const stroke = (dashes: readonly number[]) => {
    context.setLineDash([...dashes])
    let gone = 0
    for (let from = 0; from < line.length - 1; from += PIECE) {
      const to = Math.min(line.length - 1, from + PIECE)
      context.lineDashOffset = gone
      context.beginPath()
      for (let i = from; i <= to; i++) context.lineTo(...line[i]!)
      context.stroke()
      for (let i = from + 1; i <= to; i++) gone += lengths[i]!
    }
    context.lineDashOffset = 0
  }
  context.strokeStyle = paper
  context.lineWidth = 4.5
  stroke([])
  context.strokeStyle = color
  context.lineWidth = 2.25
  stroke(total > LONGEST_DASHED ? [] : dashesOf(index))
  context.setLineDash([])
  const between = Math.max(BETWEEN_MARKS, total / MOST_MARKS)
  let since = between / 2
  for (const [i, length] of lengths.entries()) {
    since += length
    if (since < between) continue
    since = 0
    drawMark(context, index, line[i]!, 3.5, color, paper)
  }
}

export function drawMark(context: CanvasRenderingContext2D, index: number, [x, y]: Pair, r: number, color: string, paper: string): void {
  const path = new Path2D(markOf(index, x, y, r))
  context.strokeStyle = paper
  context.lineWidth = 2.5
  context.stroke(path)
  context.fillStyle = color
  context.fill(path)
}

export function strokeHaloed(context: CanvasRenderingContext2D, path: Path2D, color: string, paper: string, width: number): void {
  context.strokeStyle = paper
  context.lineWidth = width + 2
  context.stroke(path)
  context.strokeStyle = color
  context.lineWidth = width
  context.stroke(path)
}

export function writeHaloed(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
  ink: string,
  paper: string,
) {
  context.textAlign = align
  context.strokeStyle = paper
  context.lineWidth = 3
  context.strokeText(text, x, y)
  context.fillStyle = ink
  context.fillText(text, x, y)
}
