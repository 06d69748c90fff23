/** Reads dates in common notations as days since 1970-01-01, and encodes their cycles. */
import { cosPi } from '../numerics/portable.ts'
import { frequencies } from './notation.ts'

/** Order of day, month and year in a column of dates. */
export type DateOrder = 'ymd' | 'dmy' | 'mdy'

const TIME = '(?:(?:T|,? )\\s*(\\d{1,2}):(\\d{2})(?::(\\d{2}(?:[.,]\\d+)?))?\\s*([AaPp][Mm])?\\s*(Z|UTC|[+-]\\d{2}(?::?\\d{2})?)?)?'
const YEAR_FIRST = new RegExp(`^(\\d{4})([-/.])(\\d{1,2})\\2(\\d{1,2})${TIME}$`)
const YEAR_LAST = new RegExp(`^(\\d{1,2})([-/.])(\\d{1,2})\\2(\\d{4}|\\d{2})${TIME}$`)

const MILLISECONDS = 86_400_000

/** Expands a two-digit year: 69 to 99 are 1969 to 1999, as in POSIX. */
function fullYear(text: string): number {
  const year = Number(text)
  if (text.length > 2) return year
  return year < 69 ? 2000 + year : 1900 + year
}

function timeOf([hours, minutes, seconds = '0', half, zone]: (string | undefined)[]): number {
  if (hours === undefined) return 0
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (/^p/i.test(half) ? 12 : 0)
  const second = Number(seconds.replace(',', '.'))
  if (hour > 23 || Number(minutes) > 59 || second >= 61 || (half !== undefined && (Number(hours) < 1 || Number(hours) > 12)))
    return Number.NaN
  const [, sign, east, rest = 0] = zone?.match(/^([+-])(\d{2}):?(\d{2})?$/) ?? []
  const offset = sign ? (sign === '-' ? -1 : 1) * (60 * Number(east) + Number(rest)) : 0
  return (hour * 3600 + (Number(minutes) - offset) * 60 + second) / 86_400
}

/** Returns the days from 1970-01-01 to a date and time; NaN if the text is not a date in the given order. */
export function daysOf(text: string, order: DateOrder): number {
  const found = text.match(order === 'ymd' ? YEAR_FIRST : YEAR_LAST)
  if (!found) return Number.NaN
  const [, first, , middle, last, ...time] = found
  const year = fullYear(order === 'ymd' ? first! : last!)
  const month = Number(order === 'mdy' ? first : middle)
  const day = Number(order === 'ymd' ? last : order === 'dmy' ? first : middle)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() / MILLISECONDS + timeOf(time) : Number.NaN
}

/** Formats days as a date such as 2024-01-31, with the time unless it is midnight. */
export function shownDate(days: number): string {
  const text = new Date(Math.round(days * MILLISECONDS)).toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 19).replace('T', ' ')
}

/** An order of day, month and year, and the number of cells that it fits. */
export interface DateReading {
  readonly order: DateOrder
  readonly count: number
  /** Whether day and month could be swapped in every cell. */
  readonly isAmbiguous: boolean
}

/** Returns the order that fits the most cells. In a tie, 3/4 is March 4, and 3.4 or 3-4 is April 3. */
export function dateReadingOf(cells: readonly string[]): DateReading {
  const times = [...frequencies(cells)]
  const count = (order: DateOrder) => times.reduce((sum, [cell, repeats]) => sum + (Number.isNaN(daysOf(cell, order)) ? 0 : repeats), 0)
  const counts = { ymd: count('ymd'), dmy: count('dmy'), mdy: count('mdy') }
  if (counts.ymd > 0 && counts.ymd >= counts.dmy && counts.ymd >= counts.mdy) return { order: 'ymd', count: counts.ymd, isAmbiguous: false }
  const isAmbiguous = counts.dmy === counts.mdy && counts.dmy > 0 && cells.some((cell) => daysOf(cell, 'dmy') !== daysOf(cell, 'mdy'))
  const isMonthFirst = counts.mdy > counts.dmy || (counts.mdy === counts.dmy && cells.some((cell) => cell.includes('/')))
  return isMonthFirst ? { order: 'mdy', count: counts.mdy, isAmbiguous } : { order: 'dmy', count: counts.dmy, isAmbiguous }
}

/** Names of the features of a date. */
export const DATE_PARTS = ['days', 'weekday (sin)', 'weekday (cos)', 'year (sin)', 'year (cos)', 'time (sin)', 'time (cos)'] as const

/** Weekday of 1970-01-01, a Thursday. */
const WEEKDAY = 4
const DAYS_OF_YEAR = 365.2425

/** Returns the features of a date: days, and its position in the week, the year and the day as sine and cosine. */
export function datePartsOf(days: number): readonly number[] {
  const turn = (position: number) => [cosPi(2 * position - 0.5), cosPi(2 * position)]
  const date = new Date(Math.floor(days) * MILLISECONDS)
  const newYear = Date.UTC(date.getUTCFullYear(), 0, 1) / MILLISECONDS
  const weekday = (((Math.floor(days) + WEEKDAY) % 7) + 7) % 7
  return [days, ...turn(weekday / 7), ...turn((Math.floor(days) - newYear) / DAYS_OF_YEAR), ...turn(days - Math.floor(days))]
}
