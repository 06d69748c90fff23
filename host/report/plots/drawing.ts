/** SVG elements and the figure around them. */
import { escapeHtml } from '../html.ts'
import type { Ranked } from '../ranked.ts'
import type { Scale, Tick } from './axes.ts'

/** Units are pixels at the design width of a plot. */
export interface Drawing {
  readonly height: number
  readonly body: string
}

/** A drawing for a wide page or a phone. */
export type Draw = (width: number, isNarrow: boolean) => Drawing

const WIDTHS = { wide: 960, narrow: 358 }

/** Height of a line of text. */
export const LINE = 17

/** Rounds a coordinate to a tenth of a pixel. */
export function px(value: number): string {
  return String(Math.round(10 * value) / 10)
}

export function text(x: number, y: number, content: string, kind = ''): string {
  return `<text x="${px(x)}" y="${px(y)}"${kind && ` class="${kind}"`}>${escapeHtml(content)}</text>`
}

export function segment(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<path class="${kind}" d="M${px(x1)},${px(y1)}L${px(x2)},${px(y2)}"/>`
}

export function circle(x: number, y: number, r: number, kind: string): string {
  return `<circle cx="${px(x)}" cy="${px(y)}" r="${r}" class="${kind}"/>`
}

/** Returns the class of a color, with dashes that distinguish repeated colors (style.css). */
export function tone({ at }: Pick<Ranked, 'at'>): string {
  return `c${at % 8} d${(at + 3 * Math.floor(at / 8)) % 8}`
}

/** Returns a label that fits into some pixels: letters are about 8 wide, and longer labels are shortened or compressed. */
export function label(x: number, y: number, content: string, room: number, kind = ''): string {
  const letters = Array.from(content)
  const most = Math.max(2, Math.floor(room / 8))
  const fits = letters.length <= most
  const shown = fits ? content : `${letters.slice(0, most - 1).join('')}…`
  const size = fits ? '' : ` textLength="${px(room)}" lengthAdjust="spacingAndGlyphs"`
  return `<text x="${px(x)}" y="${px(y)}"${size} class="name ${kind}">${escapeHtml(shown)}</text>`
}

/** Draws ticks below a plot. */
export function below(scale: Scale, marks: readonly Tick[], [top, bottom]: readonly [number, number], title: string): string {
  const lines = marks.map(({ at }) => segment(scale(at), top, scale(at), bottom, 'grid'))
  const texts = marks.map(({ at, text: mark }) => text(scale(at), bottom + 18, mark, 'mark middle'))
  const [from = 0, to = 0] = scale.range()
  return [...lines, ...texts, title && text((from + to) / 2, bottom + 38, title, 'mark middle')].join('')
}

/** Draws ticks to the left of a plot. */
export function beside(scale: Scale, marks: readonly Tick[], [left, right]: readonly [number, number]): string {
  const lines = marks.map(({ at }) => segment(left, scale(at), right, scale(at), 'grid'))
  const texts = marks.map(({ at, text: mark }) => text(left - 8, scale(at) + 4, mark, 'mark end'))
  return [...lines, ...texts].join('')
}

/** Returns a plot in two widths, of which the page shows the one that fits. Both have a text description. */
export function figure(id: string, title: string, description: string, draw: Draw): string {
  const drawings = Object.entries(WIDTHS).map(([kind, width]) => {
    const { height, body } = draw(width, kind === 'narrow')
    const names = `${id}-${kind}-title ${id}-${kind}-words`
    const words = `<title id="${id}-${kind}-title">${escapeHtml(title)}</title><desc id="${id}-${kind}-words">${escapeHtml(description)}</desc>`
    return `<svg class="${kind}" viewBox="0 0 ${width} ${px(height)}" role="img" aria-labelledby="${names}">${words}${body}</svg>`
  })
  return `<figure>${drawings.join('\n')}</figure>`
}
