/** Text of tensors, in torch's format (torch/_tensor_str.py), limited to a screen. */
import type { View } from '../memory/dtype.ts'
import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'

/** Size above which a tensor prints only its first and last entries, as in torch. */
const THRESHOLD = 1000
const MOST_LINES = 50
const WIDTH = 80
const EDGES = [Number.POSITIVE_INFINITY, 3, 2, 1]

/** A number, a list of numbers, or null for omitted entries. */
type Nested = number | null | readonly Nested[]

/** Returns the first and last `edge` indices of an axis, with null between them. */
function indices(size: number, edge: number): (number | null)[] {
  const all = size <= 2 * edge ? size : edge
  const first = Array.from({ length: all }, (_, i) => i)
  return all === size ? first : [...first, null, ...first.map((i) => size - edge + i)]
}

function nested(data: View, [size, ...rest]: Shape, edge: number, at = 0): Nested {
  if (size === undefined) return data[at]!
  return indices(size, edge).map((i) => (i === null ? null : nested(data, rest, edge, at + i * sizeOf(rest))))
}

/** Returns torch's format for these numbers: integer, fixed or scientific. */
function formatOf(values: readonly number[], isInteger: boolean): (x: number) => string {
  const absolute = values.map(Math.abs).filter((x) => x > 0 && x < Number.POSITIVE_INFINITY)
  const [low, high] = [Math.min(...absolute), Math.max(...absolute)]
  const isWhole = absolute.every(Number.isInteger)
  const isScientific = high / low > 1000 || high > 1e8 || low < 1e-4
  return (x) => {
    if (isInteger) return String(x)
    if (!Number.isFinite(x)) return String(x).replace('Infinity', 'inf').toLowerCase()
    if (isScientific) return x.toExponential(4).replace(/e(.)(\d)$/, 'e$10$2')
    return isWhole ? `${Object.is(x, -0) ? '-0' : x}.` : x.toFixed(4)
  }
}

function written(content: Nested, rank: number, format: (x: number) => string, indent: number): string {
  if (content === null) return rank === 0 ? ' ...' : '...'
  if (typeof content === 'number') return format(content)
  const parts = content.map((part) => written(part, rank - 1, format, indent + 1))
  const start = ' '.repeat(indent + 1)
  if (rank > 1) return `[${parts.join(`,${'\n'.repeat(rank - 1)}${start}`)}]`
  const perLine = Math.max(1, Math.floor((WIDTH - indent) / ((parts[0]?.length ?? 0) + 2)))
  const lines = parts.map((part, i) => (i === 0 ? '' : i % perLine ? ', ' : `,\n${start}`) + part)
  return `[${lines.join('')}]`
}

/** Returns numbers as nested lists, with all lines but the first indented. */
function numbersText(data: View, shape: Shape, isInteger: boolean, indent: number): string {
  for (const edge of sizeOf(shape) > THRESHOLD ? EDGES.slice(1) : EDGES) {
    const content = nested(data, shape, edge)
    const values = ([content] as unknown[]).flat(Number.POSITIVE_INFINITY).filter((x): x is number => x !== null)
    const format = formatOf(values, isInteger)
    // torch leaves NaN, infinities and zeros out of the width.
    const width = Math.max(0, ...values.filter((x) => isInteger || (x !== 0 && Number.isFinite(x))).map((x) => format(x).length))
    const text = written(content, shape.length, (x) => format(x).padStart(width), indent)
    if (text.split('\n').length <= MOST_LINES) return text
  }
  return '...'
}

/** Returns a tensor's shortened numbers, shape and dtype. */
export function tensorText(tensor: Tensor): string {
  const { shape, dtype, requiresGrad } = tensor
  const numbers = tensor.freed ? 'freed' : numbersText(tensor.data, shape, dtype === 'int32', 'tensor('.length)
  return `tensor(${numbers}, shape=${showShape(shape)}, dtype=${dtype}${requiresGrad ? ', requiresGrad=true' : ''})`
}
