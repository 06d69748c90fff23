/** Reads the cells of delimited text: CSV, TSV, and their variations by spreadsheets and instruments. */
import Papa from 'papaparse'
import { shown } from '../validation/errors.ts'
import { type Cell, fail } from './column.ts'

/** Names and rows of a table. */
export interface Cells {
  readonly names: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Line of the file on which each row starts, or position of the row in an array. */
  readonly lines: readonly number[]
  /** Decimal separator of ambiguous numbers such as 1,234, guessed from the delimiter. */
  readonly decimal: '.' | ','
  readonly notes: readonly string[]
}

interface Line {
  readonly cells: readonly string[]
  readonly line: number
}

const DELIMITERS = [',', '\t', ';', '|']

/** Returns the delimiter that splits the first lines evenly and into the most cells. */
function delimiterOf(lines: readonly string[]): string {
  const outside = lines.map((line) => line.replace(/"[^"]*"/g, ''))
  const counts = DELIMITERS.map((delimiter) => {
    const [first = 1, ...rest] = outside.map((line) => line.split(delimiter).length)
    return { delimiter, first, isRegular: first > 1 && rest.every((count) => Math.abs(count - first) <= 1) }
  })
  const regular = counts.filter(({ isRegular }) => isRegular)
  // Commas that are always between digits are decimal commas if another delimiter fits.
  const isDecimal = regular.length > 1 && !outside.some((line) => /(?<!\d),|,(?!\d)/.test(line))
  const fits = regular.filter(({ delimiter }) => !isDecimal || delimiter !== ',')
  return (fits.length ? fits : counts).reduce((a, b) => (b.first > a.first ? b : a)).delimiter
}

/** More cells do not fit the heap of V8, which has 4 GB by default. */
const MOST_CELLS = 2 ** 26

/** Throws if a text has too many cells, before memory is spent on them. A small compressed file may be such a text. */
export function checkCells(text: string, delimiter: string): void {
  let cells = 0
  for (const mark of [delimiter, '\n'])
    for (let at = text.indexOf(mark); at >= 0 && cells <= MOST_CELLS; at = text.indexOf(mark, at + 1)) cells++
  if (cells > MOST_CELLS) fail(`the table must have at most ${MOST_CELLS} cells`)
}

/** Lines that the delimiter is found from. */
const SAMPLE = 10

/** Reads delimited text, with quoted cells. The delimiter is detected from the first lines. */
export function readDelimited(text: string, header: boolean): Cells {
  const notes: string[] = []
  // Excel writes such a first line, and reads it.
  const [declaration = '', declared] = text.match(/^"?sep=([,;|\t])"?[,;|\t]*\n/i) ?? []
  const { body, skipped: comments, marked } = withoutComments(text.slice(declaration.length))
  if (comments) notes.push(`${comments} comment line${comments > 1 ? 's' : ''} before the header ${comments > 1 ? 'are' : 'is'} skipped`)
  const skipped = comments + (declared ? 1 : 0)
  const delimiter = declared ?? delimiterOf(unquotedLines(body).slice(0, SAMPLE))
  checkCells(body, delimiter)
  const { data, errors } = Papa.parse<string[]>(body, { delimiter, newline: '\n' })
  const lines: Line[] = []
  let line = 1 + skipped
  for (const cells of data) {
    if (cells.length > 1 || cells[0]!.trim() !== '') lines.push({ cells, line })
    for (const cell of cells) line += cell.split('\n').length - 1
    line++
  }
  const broken = errors.find(({ type }) => type === 'Quotes')
  if (broken) fail(`line ${lineOf(data, broken.row ?? 0) + skipped}: ${broken.message.toLowerCase()}`)
  const [first, ...rest] = lines
  const rows = header ? rest : lines
  if (!rows.length) fail('the table has no rows below its header')
  if (header && marked && first!.cells[0]!.startsWith('#')) notes.push('the # before the header is removed')
  const names = header ? first!.cells.map((name, i) => (i === 0 && marked ? name.replace(/^#\s*/, '') : name)) : first!.cells.map(() => '')
  return { ...rectangular(names, rows, header ? first!.line : 0, notes), decimal: delimiter === ';' ? ',' : '.' }
}

/** Returns the nonempty lines of text. A line break inside quotes does not end a line. */
function unquotedLines(text: string): string[] {
  const head = text.slice(0, 2 ** 16)
  const lines = head
    .replace(/"(?:[^"]|"")*"/g, (quoted) => quoted.replaceAll('\n', ' '))
    .split('\n')
    .filter((line) => line.trim() !== '')
  // The last one is cut off.
  return head.length < text.length && lines.length > 1 ? lines.slice(0, -1) : lines
}

function lineOf(data: readonly (readonly string[])[], row: number): number {
  return data.slice(0, row).reduce((line, cells) => line + 1 + cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0), 1)
}

/** Removes the comment lines before the header. If the last one has as many cells as the line below it, it is the header. */
function withoutComments(text: string): { body: string; skipped: number; marked: boolean } {
  const lines = text.split('\n', 1000)
  const isComment = (line: string) => /^\s*(#|%|\/\/)/.test(line)
  let first = lines.findIndex((line) => line.trim() !== '' && !isComment(line))
  if (first <= 0 || !lines.slice(0, first).some(isComment)) return { body: text, skipped: 0, marked: false }
  const above = lines[first - 1]!
  const marked = DELIMITERS.some((d) => above.split(d).length > 1 && above.split(d).length === lines[first]!.split(d).length)
  if (marked) first--
  return { body: text.split('\n').slice(first).join('\n'), skipped: first, marked }
}

/** Makes all rows as long as the header, and all names distinct. */
function rectangular(header: readonly string[], rows: readonly Line[], line: number, notes: string[]): Omit<Cells, 'decimal'> {
  // Some programs put single quotes around names.
  let names = header.map((name) => name.trim().replace(/^'(.*)'$/s, '$1'))
  let cells = rows.map((row) => row.cells)
  const isLastEmpty = cells.every((row) => row.length === names.length + 1 && row.at(-1)!.trim() === '')
  const isTrailing =
    line > 0 && names.length > 1 && names.at(-1) === '' && cells.every((row) => row.length < names.length || row.at(-1)!.trim() === '')
  if (isLastEmpty) cells = cells.map((row) => row.slice(0, -1))
  else if (isTrailing) {
    names = names.slice(0, -1)
    cells = cells.map((row) => row.slice(0, names.length))
  } else if (cells.every((row) => row.length === names.length + 1)) {
    names = ['row', ...names]
    notes.push(`the rows have one cell more than the header; the first cell is used as the name of the row`)
  }
  if (isLastEmpty || isTrailing) notes.push('the delimiter at the end of each line is ignored')
  const wrong = cells.findIndex((row) => row.length !== names.length)
  const like = line > 0 ? 'like the header' : 'like the first line'
  if (wrong >= 0) fail(`line ${rows[wrong]!.line} must have ${names.length} cells ${like}, got ${cells[wrong]!.length}`)
  return { names: distinct(names, line > 0, notes), rows: cells, lines: rows.map((row) => row.line), notes }
}

/** Names unnamed columns by position, and numbers repeated names. */
function distinct(names: readonly string[], isTold: boolean, notes: string[]): string[] {
  const used = new Set(names)
  const seen = new Set<string>()
  return names.map((given, i) => {
    const base = given || `column ${i + 1}`
    let name = base
    for (let k = 1; seen.has(name) || (name !== given && used.has(name)); k++) name = `${base}.${k}`
    seen.add(name)
    if (isTold && name !== given)
      notes.push(given ? `another column ${shown(given)} is called ${shown(name)}` : `${name} has no name in the header`)
    return name
  })
}
