/** Plots a surface as tints, the paths of optimizers on it, and their start, which a click or the arrow keys move. */
import { h } from '../element.ts'
import { type Color, type Field, fieldOf, tinted } from './field.ts'
import { type Frame, frameOf, neat, ticks, toPixel, toPoint } from './frame.ts'
import { type Box, COLORS, labelPlace } from './marks.ts'
import type { Run } from './run.ts'
import { inSlices } from './slices.ts'
import { drawMark, drawWay, strokeHaloed, wayOf, writeHaloed } from './strokes.ts'
import type { Ground, Pair } from './surfaces.ts'

/** Directions in which keys move the start. */
const moves: Readonly<Record<string, Pair>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }

function colorOf(text: string): Color {
  const digits = text.trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3')
  return [1, 3, 5].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)) as unknown as Color
}

export class Plot {
  readonly element: HTMLElement
  readonly #canvas = h('canvas', { 'aria-hidden': 'true' })
  readonly #tints = h('canvas')
  readonly #resized: ResizeObserver
  readonly #dark = matchMedia('(prefers-color-scheme: dark)')
  #ground: Ground | undefined
  #frame: Frame | undefined
  #field: Field | undefined
  #work = new AbortController()
  #runs: readonly Run[] = []
  #start: Pair = [0, 0]
  #choices: number[] = []

  /** @param moved called with a new start, or the label of a plot with a fixed start */
  constructor(private readonly moved: ((start: Pair) => void) | string) {
    const controls =
      typeof moved === 'string'
        ? { role: 'img', 'aria-label': moved }
        : {
            tabIndex: 0,
            role: 'application',
            'aria-label': 'Surface and paths. Arrow keys move the start, Shift moves it further; a click places it.',
            'aria-describedby': 'ways-caption',
            on: {
              click: (event: Event) => this.#clicked(event as MouseEvent),
              keydown: (event: Event) => this.#pressed(event as KeyboardEvent),
            },
          }
    this.element = h('div', { className: 'plot', ...controls }, this.#canvas)
    this.#resized = new ResizeObserver(() => this.#refit())
    this.#resized.observe(this.element)
    this.#dark.addEventListener('change', this.#recolored)
  }

  readonly #recolored = () => void this.#tint()

  show(ground: Ground): void {
    this.#ground = ground
    this.#frame = undefined
    this.#refit()
  }

  #refit(): void {
    const { clientWidth: width, clientHeight: height } = this.element
    if (!this.#ground || !width || !height) return
    const isSame = this.#frame?.width === width && this.#frame.height === height
    if (isSame) return
    this.#frame = frameOf(this.#ground.box, width, height)
    const dense = Math.min(2, devicePixelRatio || 1)
    this.#canvas.width = Math.round(width * dense)
    this.#canvas.height = Math.round(height * dense)
    this.#choices = []
    void this.#look(this.#ground, this.#frame)
    this.#paint()
  }

  async #look(ground: Ground, frame: Frame): Promise<void> {
    this.#work.abort()
    this.#work = new AbortController()
    let field: Field | undefined
    const looking = fieldOf(ground, frame)
    const work = (function* () {
      field = yield* looking
    })()
    if (!(await inSlices(work, this.#work.signal))) return
    this.#field = field
    await this.#tint()
  }

  async #tint(): Promise<void> {
    if (!this.#field) return
    this.#work.abort()
    this.#work = new AbortController()
    const style = getComputedStyle(this.element)
    const image = new ImageData(this.#canvas.width, this.#canvas.height)
    const [low, high] = ['--low', '--high'].map((name) => colorOf(style.getPropertyValue(name)))
    if (!(await inSlices(tinted(this.#field, image, low!, high!), this.#work.signal))) return
    this.#tints.width = image.width
    this.#tints.height = image.height
    this.#tints.getContext('2d')!.putImageData(image, 0, 0)
    this.#paint()
  }

  #clicked(event: MouseEvent): void {
    if (!this.#frame) return
    const { left, top } = this.#canvas.getBoundingClientRect()
    this.#moveTo(toPoint(this.#frame, event.clientX - left, event.clientY - top))
  }

  #pressed(event: KeyboardEvent): void {
    const move = moves[event.key]
    if (!move || !this.#frame || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    const by = this.#frame.pixel * (event.shiftKey ? 40 : 8)
    this.#moveTo([this.#start[0] + move[0] * by, this.#start[1] + move[1] * by])
  }

  #moveTo([x, y]: Pair): void {
    const { pixel } = this.#frame!
    if (typeof this.moved === 'function') this.moved([neat(x, pixel), neat(y, pixel)])
  }

  /** Draws the paths. Labels stay on their side during an animation. */
  draw(runs: readonly Run[], start: Pair, isMoving: boolean): void {
    if (!isMoving) this.#choices = []
    this.#runs = runs
    this.#start = start
    this.#paint()
  }

  #paint(): void {
    const frame = this.#frame
    const context = this.#canvas.getContext('2d')
    if (!frame || !context) return
    const style = getComputedStyle(this.element)
    const color = (name: string) => style.getPropertyValue(name).trim()
    const [paper, ink] = [color('--paper'), color('--ink')]
    const dense = this.#canvas.width / frame.width
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.fillStyle = color('--band')
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    if (this.#tints.width && this.#tints.height) context.drawImage(this.#tints, 0, 0, this.#canvas.width, this.#canvas.height)
    context.setTransform(dense, 0, 0, dense, 0, 0)
    context.lineJoin = 'round'
    context.lineCap = 'butt'
    context.font = `12px ${style.fontFamily}`
    context.textBaseline = 'middle'
    this.#axes(context, frame, ink, paper)
    this.#crosses(context, frame, ink)
    const colors = this.#runs.map((_, i) => color(`--c${i % COLORS}`))
    const lines = this.#runs.map((run) => wayOf(run.path, frame))
    for (const [i, line] of lines.entries()) drawWay(context, i, line, colors[i]!, paper)
    const [x, y] = toPixel(frame, ...this.#start)
    strokeHaloed(context, new Path2D(`M${x - 8} ${y}h16M${x} ${y - 8}v16`), ink, paper, 2)
    this.#names(context, frame, lines, colors, ink, paper)
  }

  #axes(context: CanvasRenderingContext2D, { width, height, left, top, pixel }: Frame, ink: string, paper: string): void {
    const [most, lowest] = [Math.max(3, width / 110), Math.max(3, height / 90)]
    context.globalAlpha = 0.8
    for (const tick of ticks(left, left + width * pixel, most)) {
      const x = (tick - left) / pixel
      if (x > 30 && x < width - 14) writeHaloed(context, String(tick).replace('-', '−'), x, height - 9, 'center', ink, paper)
    }
    for (const tick of ticks(top - height * pixel, top, lowest)) {
      const y = (top - tick) / pixel
      if (y > 12 && y < height - 22) writeHaloed(context, String(tick).replace('-', '−'), 5, y, 'left', ink, paper)
    }
    context.globalAlpha = 1
  }

  /** Marks the minima. */
  #crosses(context: CanvasRenderingContext2D, frame: Frame, ink: string): void {
    context.setLineDash([])
    context.strokeStyle = ink
    context.lineWidth = 1
    context.globalAlpha = 0.6
    for (const minimum of this.#ground!.minima) {
      const [x, y] = toPixel(frame, ...minimum)
      context.stroke(new Path2D(`M${x - 9} ${y}a9 9 0 1 0 18 0a9 9 0 1 0 -18 0Z`))
    }
    context.globalAlpha = 1
  }

  #names(
    context: CanvasRenderingContext2D,
    frame: Frame,
    lines: readonly (readonly Pair[])[],
    colors: readonly string[],
    ink: string,
    paper: string,
  ): void {
    const ends = lines.map((line): Pair => {
      const [x, y] = line.at(-1) ?? [0, 0]
      return [Math.min(frame.width - 6, Math.max(6, x)), Math.min(frame.height - 6, Math.max(6, y))]
    })
    const taken: Box[] = ends.map(([x, y]) => ({ x: x - 6, y: y - 6, width: 12, height: 12 }))
    const names = this.#runs.map(({ optimizer, problem }, i) => `${i + 1} ${optimizer}${problem ? ' ✕' : ''}`)
    const places = names.map((name, i) => {
      const size = { width: context.measureText(name).width + 8, height: 16 }
      const { box, choice } = labelPlace(ends[i]!, size, frame, taken, this.#choices[i])
      this.#choices[i] = choice
      taken.push(box)
      return box
    })
    context.setLineDash([])
    for (const [i, { x, y, width, height }] of places.entries()) {
      const [endX, endY] = ends[i]!
      const side = x > endX ? x : x + width
      strokeHaloed(context, new Path2D(`M${endX} ${endY}L${side} ${y + height / 2}`), colors[i]!, paper, 1)
    }
    for (const [i, { x, y, width, height }] of places.entries()) {
      context.globalAlpha = 0.88
      context.fillStyle = paper
      context.fillRect(x, y, width, height)
      context.globalAlpha = 1
      context.fillStyle = colors[i]!
      context.fillRect(x, y, 3, height)
      context.fillStyle = ink
      context.textAlign = 'left'
      context.fillText(names[i]!, x + 6, y + height / 2 + 0.5)
      drawMark(context, i, ends[i]!, 5, colors[i]!, paper)
    }
    this.element.dataset.labels = JSON.stringify(places)
  }

  dispose(): void {
    this.#work.abort()
    this.#resized.disconnect()
    this.#dark.removeEventListener('change', this.#recolored)
  }
}
