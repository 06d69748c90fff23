/** Reads the cells of new rows as a model's columns: in the notation of the training table, or in one of their own. */
import { shown } from '../validation/errors.ts'
import type { BooleanCoding, ColumnCoding, DateCoding, TextCoding } from './coding.ts'
import { type Cell, type Column, dateNotes, fail, isEmpty, notationNotes, present, type Texts, textOf } from './column.ts'
import type { TableCoding } from './dataset.ts'
import { dateReadingOf, daysOf } from './dates.ts'
import { type Decimal, decimalOf, type Notation, numberOf, readingOf } from './notation.ts'

/** Cells of a model's columns, in its order, and what errors call a row. */
export interface ModelCells {
  readonly columns: readonly (readonly Cell[])[]
  /** Cells of the target, if the rows have it. */
  readonly target?: readonly Cell[] | undefined
  /** The decimal separator of numbers such as 1,234, as far as the file's delimiter tells. */
  readonly decimal: '.' | ','
  /** Name of a row for errors: 'line 4'. */
  readonly place: (row: number) => string
}

/** New rows as a model reads them. */
export interface ModelRows {
  readonly columns: readonly Column[]
  /** Values of a numeric target, NaN where they are empty; undefined without one. */
  readonly target: Float64Array | undefined
  /** Notes on what was guessed, one sentence each. */
  readonly notes: readonly string[]
}

/** A numeric column: its notation in the training table, and its new cells. */
interface NumberField {
  readonly name: string
  readonly notation: Notation
  readonly cells: readonly Cell[]
}

type Place = ModelCells['place']

/**
 * Reads the cells of a model's columns.
 *
 * @throws `data-invalid` if a cell is not a number or a date where one must be
 */
export function readRows({ columns, target }: TableCoding, { columns: cells, target: targets, decimal, place }: ModelCells): ModelRows {
  const notes: string[] = []
  const fields: NumberField[] = columns.flatMap((coding, c) => (coding.kind === 'number' ? [{ ...coding, cells: cells[c]! }] : []))
  if (targets && 'notation' in target) fields.push({ ...target, cells: targets })
  const numbers = readNumbers(fields, decimal, place, notes)
  const columnOf = (coding: ColumnCoding, c: number): Column => {
    const { name, kind } = coding
    if (kind === 'number') return { name, kind, notation: coding.notation, values: numbers.get(name)! }
    return kind === 'date' ? readDates(coding, cells[c]!, place, notes) : readTexts(coding, cells[c]!, notes)
  }
  return { columns: columns.map(columnOf), target: numbers.get(target.name), notes }
}

/** The texts of cells; undefined where they are empty or already numbers. */
function written(cells: readonly Cell[]): Texts {
  return cells.map((cell) => (typeof cell === 'number' ? undefined : textOf(cell)))
}

/** Values of cells, NaN where they are empty or infinite; the first row that cannot be read, −1 without one. */
interface Values {
  readonly values: Float64Array
  readonly wrong: number
}

function valuesOf(cells: readonly Cell[], read: (cell: string | number) => number): Values {
  const values = new Float64Array(cells.length).fill(Number.NaN)
  for (const [row, cell] of cells.entries()) {
    const given = typeof cell === 'number' ? cell : textOf(cell)
    if (given === undefined || Number.isNaN(given)) continue
    const value = read(given)
    if (Number.isNaN(value)) return { values, wrong: row }
    if (Number.isFinite(value)) values[row] = value
  }
  return { values, wrong: -1 }
}

/** Reads texts in a notation, and numbers as they are. */
function numbersOf(cells: readonly Cell[], notation: Notation): Values {
  return valuesOf(cells, (cell) => (typeof cell === 'number' ? cell : numberOf(cell, notation)))
}

/** Reads numbers by column. If the notation of the training table does not read all of them, the file's own decimal separator is found. */
function readNumbers(fields: readonly NumberField[], mark: '.' | ',', place: Place, notes: string[]): Map<string, Float64Array> {
  const trained = fields.map(({ cells, notation }) => numbersOf(cells, notation))
  const isOther = trained.some(({ wrong }) => wrong >= 0)
  const decimal: Decimal = isOther
    ? decimalOf(
        fields.map(({ cells }) => present(written(cells))),
        mark,
      )
    : { mark, isProven: false }
  const read = fields.map((field, f): [string, Float64Array] => {
    const { values, wrong } = trained[f]!
    const isMisread = decimal.isProven && decimal.mark !== field.notation.decimal
    return [field.name, wrong < 0 && !isMisread ? values : readAnew(field, decimal, place, notes)]
  })
  return new Map(read)
}

function readAnew({ name, notation: trained, cells }: NumberField, decimal: Decimal, place: Place, notes: string[]): Float64Array {
  const texts = written(cells)
  const given = present(texts)
  const { notation, isAmbiguous } = readingOf(given, decimal)
  const { values, wrong } = numbersOf(cells, notation)
  if (wrong >= 0) fail(`${place(wrong)}: ${shown(cells[wrong])} in the column ${name} must be a number`)
  if (notation.unit === trained.unit) notes.push(...notationNotes(name, texts, values, notation, isAmbiguous))
  else {
    const units = [notation, trained].map(({ unit }) => unit || 'no unit')
    notes.push(`${name}: numbers such as ${shown(given[0])} have ${units[0]}, but ${units[1]} in the training table`)
  }
  return values
}

function readDates({ name, kind, order: trained }: DateCoding, cells: readonly Cell[], place: Place, notes: string[]): Column {
  const { values, wrong } = valuesOf(cells, (cell) => daysOf(String(cell), trained))
  if (wrong < 0) return { name, kind, order: trained, values }
  const given = present(cells.map(textOf))
  const { order, isAmbiguous } = dateReadingOf(given)
  const anew = valuesOf(cells, (cell) => daysOf(String(cell), order))
  if (anew.wrong >= 0) fail(`${place(anew.wrong)}: ${shown(cells[anew.wrong])} in the column ${name} must be a date`)
  notes.push(...dateNotes(name, given[0]!, order, isAmbiguous))
  return { name, kind, order, values: anew.values }
}

function readTexts(coding: BooleanCoding | TextCoding, cells: readonly Cell[], notes: string[]): Column {
  const { name } = coding
  const texts = cells.map(textOf)
  const categories = [...new Set(present(texts))]
  const codes = new Map(categories.map((category, code) => [category, code]))
  const column = { name, kind: 'text', categories, codes: Int32Array.from(texts, (text) => codes.get(text!) ?? -1) } as const
  const isUnknown = categories.map((category) => !isKnown(coding, category))
  const unknown = column.codes.reduce((sum, code, row) => sum + (!isEmpty(column, row) && isUnknown[code] ? 1 : 0), 0)
  const example = shown(categories[isUnknown.indexOf(true)])
  if (unknown) notes.push(`${name}: ${unknown} cell${unknown > 1 ? 's' : ''} with unknown categories such as ${example}, treated as empty`)
  return column
}

function isKnown(coding: BooleanCoding | TextCoding, category: string): boolean {
  if (coding.kind === 'text') return coding.hasOther || coding.categories.includes(category)
  return [coding.no, coding.yes].includes(category.toLowerCase())
}
