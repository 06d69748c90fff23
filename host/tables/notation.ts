/** Reads numbers in common notations: decimal commas, thousands separators, percent, currencies, accounting parentheses. */

/** Notation of the numbers in a column. In the plain notation they are as in code: 1234.5, −1e-3, inf. */
export interface Notation {
  readonly decimal: '.' | ','
  /** Thousands separator; '' without one. */
  readonly group: '' | ',' | '.' | ' ' | "'" | '_'
  /** Percent sign or currency of every number; '' without one. */
  readonly unit: string
}

/** The plain notation. */
export const PLAIN: Notation = { decimal: '.', group: '', unit: '' }

/** Separators, in the order in which they are tried. A number such as 1,234 fits two of them. */
const SEPARATORS: readonly Pick<Notation, 'decimal' | 'group'>[] = [
  { decimal: '.', group: '' },
  { decimal: '.', group: ',' },
  { decimal: ',', group: '.' },
  { decimal: ',', group: ' ' },
  { decimal: '.', group: ' ' },
  { decimal: '.', group: "'" },
  { decimal: ',', group: "'" },
  { decimal: '.', group: '_' },
]

const CURRENCIES =
  'USD|EUR|GBP|JPY|CHF|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|KRW|TRY|RUB|Fr\\.|kr|zł|Kč|R\\$|(?:US|CA|AU|NZ|HK|[CA])\\$'
const UNIT = `%|\\p{Sc}|${CURRENCIES}`
const WITH_UNIT = new RegExp(`^(-|\\+)?(${UNIT})?\\s*(-|\\+)?(.*?)\\s*(${UNIT})?$`, 'su')

/** Replaces Unicode variants of minus signs, spaces and apostrophes. */
function normalized(cell: string): string {
  return cell
    .trim()
    .replace(/[\u2212\ufe63\uff0d]/g, '-')
    .replace(/[\u00a0\u202f\u2009]/g, ' ')
    .replace(/\u2019/g, "'")
}

/** Sign, unit and digits of a cell. */
interface Parts {
  readonly sign: 1 | -1
  readonly unit: string
  readonly digits: string
}

function partsOf(cell: string): Parts {
  const text = normalized(cell)
  // Accounting: (12.50) and $(12.50) are negative.
  const inside = text.match(/^(\D{0,4}?)\((.*)\)(\D{0,4})$/su)
  const [, before = '', symbol = '', after = '', digits = '', suffix = ''] = (inside ? `${inside[1]}${inside[2]}${inside[3]}` : text).match(
    WITH_UNIT,
  )!
  const isNegative = (before === '-') !== (after === '-')
  const broken = (before && after) || (inside && (before || after)) || (symbol && suffix)
  return { sign: isNegative || inside ? -1 : 1, unit: symbol || suffix, digits: broken ? '' : digits }
}

const escaped = (text: string) => text.replace(/[.]/g, '\\.')
const patterns = new Map<string, RegExp>()

/** Returns a pattern of unsigned numbers in a notation. Groups have three digits, in India also two; the first does not begin with 0. */
function patternOf({ decimal, group }: Pick<Notation, 'decimal' | 'group'>): RegExp {
  const key = decimal + group
  const known = patterns.get(key)
  if (known) return known
  const fraction = `(?:${escaped(decimal)}\\d*)?(?:[eE][+-]?\\d+)?`
  const g = escaped(group)
  const inner = group === ',' ? `(?:${g}\\d{2,3})*` : `(?:${g}\\d{3})*`
  const grouped = group ? `[1-9]\\d{0,2}${inner}${g}\\d{3}${fraction}|` : ''
  const made = new RegExp(`^(?:${grouped}\\d+${fraction}|${escaped(decimal)}\\d+(?:[eE][+-]?\\d+)?|inf|infinity)$`, 'i')
  patterns.set(key, made)
  return made
}

function parsed({ sign, digits }: Parts, notation: Notation): number {
  if (/^inf/i.test(digits)) return sign * Number.POSITIVE_INFINITY
  const { decimal, group } = notation
  const whole = group ? digits.replaceAll(group, '') : digits
  return sign * Number(decimal === ',' ? whole.replace(',', '.') : whole)
}

/** Whether a cell is a number as programs write it, without an exponent. */
const isProgram = (cell: string) => /^-?\d+(?:\.\d+)?$/.test(cell)

/** Returns the number that a cell holds in a notation; NaN if it holds none. */
export function numberOf(cell: string, notation: Notation): number {
  if (isPlain(notation) && isProgram(cell)) return Number(cell)
  const parts = partsOf(cell)
  return parts.unit === notation.unit && patternOf(notation).test(parts.digits) ? parsed(parts, notation) : Number.NaN
}

/** A notation, and the number of cells that it fits. */
export interface Reading {
  readonly notation: Notation
  readonly count: number
  /** Whether another notation fits as many cells, with other numbers. */
  readonly isAmbiguous: boolean
}

/** The decimal separator of a file. */
export interface Decimal {
  readonly mark: '.' | ','
  /** Whether numbers prove it, such as 0,5 or 1.234,5, so that it holds for 1.234 too. */
  readonly isProven: boolean
}

const GERMAN: Notation = { decimal: ',', group: '.', unit: '' }

/**
 * Returns the decimal separator of a file.
 *
 * @param columns the cells of each column that are not empty
 * @param mark the separator if no number proves one
 */
export function decimalOf(columns: readonly (readonly string[])[], mark: '.' | ','): Decimal {
  const hasCommas = columns.some((cells) => {
    if (!cells.some((cell) => cell.includes(','))) return false
    const { notation, count, isAmbiguous } = readingOf(cells, { mark, isProven: false })
    return notation.decimal === ',' && count === cells.length && !isAmbiguous
  })
  const hasPoints = columns.some((cells) => cells.every(isProgram) && cells.some((cell) => Number.isNaN(numberOf(cell, GERMAN))))
  return { mark: hasCommas ? ',' : hasPoints ? '.' : mark, isProven: hasCommas !== hasPoints }
}

/**
 * Returns the notation that reads the most cells.
 *
 * @param decimal the decimal separator if the cells allow both: 1,234
 */
export function readingOf(cells: readonly string[], { mark, isProven }: Decimal): Reading {
  const isGrouped = isProven && mark === ',' && cells.some((cell) => cell.includes('.'))
  if (!isGrouped && cells.every(isProgram)) return { notation: PLAIN, count: cells.length, isAmbiguous: false }
  const parts = [...frequencies(cells)].map(([cell, times]) => ({ ...partsOf(cell), times }))
  const units = new Map<string, number>()
  for (const { unit, times } of parts) units.set(unit, (units.get(unit) ?? 0) + times)
  const [unit] = [...units].reduce((a, b) => (b[1] > a[1] ? b : a))
  const likely = parts.filter((part) => part.unit === unit && /^(?:[\d.,]|inf)/i.test(part.digits))
  const counts = SEPARATORS.map((separators) => {
    const pattern = patternOf(separators)
    return likely.reduce((count, { digits, times }) => count + (pattern.test(digits) ? times : 0), 0)
  })
  const [, thousands, comma] = counts
  const plain = counts[0]!
  const most = Math.max(...counts)
  const isAmbiguous = comma === most && ((thousands === comma && comma > plain) || (isGrouped && plain === comma))
  const best = isAmbiguous ? (mark === ',' ? 2 : 1) : counts.indexOf(most)
  const { decimal: point, group } = SEPARATORS[best]!
  const notation = best === 0 && unit === '' ? PLAIN : { decimal: point, group, unit }
  return { notation, count: counts[best]!, isAmbiguous }
}

/** Returns the number of times that each text occurs, because texts that repeat need to be read only once. */
export function frequencies(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

/** Whether a notation is the plain one. */
export function isPlain({ decimal, group, unit }: Notation): boolean {
  return decimal === '.' && group === '' && unit === ''
}
