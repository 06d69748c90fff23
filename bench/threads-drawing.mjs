/** Draws how speed grows with threads, as an SVG image. */
import { ONE, rowsBy } from './threads-tables.mjs'

/** The drawn works, with colors that also color-blind people tell apart. */
const LINES = [
  ['step AdamW 256K', 'AdamW, 256 K', '#0072b2'],
  ['step AdamW 4M', 'AdamW, 4 M', '#56b4e9'],
  ['gemm 480×480×480 strict', 'product, 480', '#d55e00'],
  ['train MiniLM, batch 8 × 32', 'MiniLM', '#009e73'],
  ['train character GPT, batch 8', 'character GPT', '#cc79a7'],
  ['train CNN on 8×8 images, batch 32', 'CNN', '#a67c00'],
]

const [WIDTH, HEIGHT] = [720, 380]
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 564, 48, 330]

/** Pixels between labels. */
const LABEL = 17

/** Moves labels down so that none covers another, and up again where they leave the drawing. */
function spread(labels) {
  const sorted = [...labels].sort((a, b) => a.y - b.y)
  for (let i = 1; i < sorted.length; i++) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + LABEL)
  for (let i = sorted.length - 1, most = BOTTOM; i >= 0; i--, most -= LABEL) sorted[i].y = Math.min(sorted[i].y, most)
  return labels
}

const text = (x, y, content, more = '') => `<text x="${x}" y="${y}" ${more}>${content.replaceAll('&', '&amp;')}</text>`

/** Returns an SVG of the speed with each number of threads, relative to one thread. */
export function drawing(rows, threads, machine) {
  const { counts, find } = rowsBy(rows)
  const columns = [...new Set([1, ...counts])].sort((a, b) => a - b)
  const lines = LINES.flatMap(([name, label, color]) => {
    const ratios = columns.map((n) => (n === 1 ? 1 : find(name, n, ONE)?.ratio))
    return ratios.every((ratio) => ratio > 0) ? [{ label, color, ratios }] : []
  })
  const highest = Math.max(threads, ...lines.flatMap(({ ratios }) => ratios))
  const x = (column) => Math.round(LEFT + ((RIGHT - LEFT) * column) / (columns.length - 1))
  const y = (ratio) => Math.round(10 * (BOTTOM - ((BOTTOM - TOP) * ratio) / highest)) / 10
  const gap = highest > 8 ? 2 ** Math.ceil(Math.log2(highest / 8)) : highest > 3 ? 1 : 0.5
  const marks = Array.from({ length: Math.floor(highest / gap) + 1 }, (_, i) => i * gap)
  const labels = spread(lines.map(({ label, color, ratios }) => ({ label, color, y: y(ratios.at(-1)) })))
  const at = columns.indexOf(threads)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#222">
<title>Speed with more threads, relative to one thread, on ${machine.split(',')[0]}</title>
<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#fff"/>
${text(LEFT, 24, `Speed relative to one thread · ${machine.split(',')[0]}`, 'font-weight="600"')}
${marks.map((mark) => `<path d="M${LEFT} ${y(mark)}H${RIGHT}" stroke="#ddd"/>${text(LEFT - 8, y(mark) + 4, `${mark}×`, 'text-anchor="end"')}`).join('\n')}
<path d="M${x(at)} ${TOP}V${BOTTOM}" stroke="#999" stroke-dasharray="4 4"/>
${text(x(at) + 6, BOTTOM - 8, `${threads} processors`, 'fill="#666"')}
${columns.map((n, i) => text(x(i), BOTTOM + 20, `${n}`, 'text-anchor="middle"')).join('\n')}
${text((LEFT + RIGHT) / 2, BOTTOM + 40, 'threads', 'text-anchor="middle"')}
${lines
  .map(({ color, ratios }) => {
    const points = ratios.map((ratio, i) => `${x(i)},${y(ratio)}`)
    const dots = points.map((point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3.5"/>`).join('')
    return `<g fill="${color}"><polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>${dots}</g>`
  })
  .join('\n')}
${labels.map(({ label, color, y }) => text(RIGHT + 12, y + 4, label, `fill="${color}" font-weight="600"`)).join('\n')}
</svg>
`
}
