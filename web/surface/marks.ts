/** Styles of paths: each has a color, dashes, a mark, and a label at its end. */

export const COLORS = 8
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [16, 4]]

export function dashesOf(index: number): readonly number[] {
  return dashes[index % dashes.length]!
}

/** Returns the SVG path of a mark around a point. */
export function markOf(index: number, x: number, y: number, r: number): string {
  const polygon = (...points: readonly (readonly [number, number])[]) =>
    `M${points.map(([dx, dy]) => `${(x + dx * r).toFixed(2)} ${(y + dy * r).toFixed(2)}`).join('L')}Z`
  switch (index % 7) {
    case 0:
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`
    case 1:
      return polygon([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9])
    case 2:
      return polygon([0, -1.15], [1.1, 0.85], [-1.1, 0.85])
    case 3:
      return polygon([0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0])
    case 4:
      return polygon([0, 1.15], [1.1, -0.85], [-1.1, -0.85])
    case 5:
      return polygon(
        [-0.4, -1.1],
        [0.4, -1.1],
        [0.4, -0.4],
        [1.1, -0.4],
        [1.1, 0.4],
        [0.4, 0.4],
        [0.4, 1.1],
        [-0.4, 1.1],
        [-0.4, 0.4],
        [-1.1, 0.4],
        [-1.1, -0.4],
        [-0.4, -0.4],
      )
    default:
      return polygon([-1.2, -0.7], [1.2, -0.7], [0, 0], [1.2, 0.7], [-1.2, 0.7], [0, 0])
  }
}

const svg = (tag: string, attributes: Readonly<Record<string, string>>, ...children: Element[]) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Returns a sample of a path's style, for the legend. */
export function swatch(index: number): Element {
  const line = svg('path', { d: 'M1 8H39', 'stroke-dasharray': dashesOf(index).join(' '), class: 'swatch-line' })
  const mark = svg('path', { d: markOf(index, 20, 8, 4.5), class: 'swatch-mark' })
  return svg(
    'svg',
    { viewBox: '0 0 40 16', width: '40', height: '16', class: `swatch swatch-${index % COLORS}`, 'aria-hidden': 'true' },
    line,
    mark,
  )
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

const GAP = 10

/**
 * Places a label right or left of a point, moved up or down until it overlaps no other label. Tries the previous choice first, so that
 * labels do not jump.
 */
export function labelPlace(
  at: readonly [number, number],
  size: { readonly width: number; readonly height: number },
  within: { readonly width: number; readonly height: number },
  taken: readonly Box[],
  before?: number,
): { readonly box: Box; readonly choice: number } {
  const { width, height } = size
  const boxOf = (choice: number): Box => {
    const isLeft = choice % 2 === 1
    const turn = Math.floor(choice / 2)
    const rows = turn % 2 === 1 ? (turn + 1) / 2 : -turn / 2
    return { x: isLeft ? at[0] - GAP - width : at[0] + GAP, y: at[1] - height / 2 + rows * (height + 1), width, height }
  }
  const fits = (box: Box) => box.x >= 2 && box.y >= 2 && box.x + width <= within.width - 2 && box.y + height <= within.height - 2
  const isFree = (box: Box) =>
    !taken.some(
      (other) => box.x < other.x + other.width && other.x < box.x + width && box.y < other.y + other.height && other.y < box.y + height,
    )
  const choices = [...(before === undefined ? [] : [before]), ...Array(160).keys()]
  const choice = choices.find((choice) => fits(boxOf(choice)) && isFree(boxOf(choice))) ?? 0
  return { box: boxOf(choice), choice }
}
