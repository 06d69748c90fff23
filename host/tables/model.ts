/** Predicts new rows with a model trained on a table. */
import { noGrad } from '../autograd/recording.ts'
import { read } from '../io/checkpoint.ts'
import type { Arena } from '../memory/arena.ts'
import type { Sequential } from '../nn/layers.ts'
import type { ModuleStateDict } from '../nn/module.ts'
import { Generator } from '../numerics/random.ts'
import { check, nearest, shown } from '../validation/errors.ts'
import { type ColumnCoding, encode, featureNames } from './coding.ts'
import { type Cell, type Column, fail, rowCount, textOf } from './column.ts'
import { numberOf, PLAIN } from './notation.ts'
import { EVALUATION_ROWS, perceptron } from './perceptron.ts'
import { type ModelCells, type ModelRows, readRows } from './reading.ts'
import { type SavedTable, savedTable } from './saved.ts'
import { largest, softmaxOf } from './scores.ts'

/** A row: cells by column name. Missing and null cells are empty. */
export type Row = Readonly<Record<string, Cell | undefined>>

/** Description of a column that the model takes. */
export interface Field {
  readonly name: string
  readonly kind: 'number' | 'date' | 'boolean' | 'text'
  /** The two strings of a boolean, or the known categories of text. */
  readonly categories?: readonly string[]
  /** Whether all other texts are one more category; otherwise they are treated as empty. */
  readonly hasOther?: boolean
}

/**
 * A model trained on a table.
 *
 * @example
 * import { readFile } from 'downhill/fs'
 * import { loadTableModel } from 'downhill/tables'
 *
 * const model = await loadTableModel(await readFile('diabetes.checkpoint'))
 * const empty = Object.fromEntries(model.columns.map((name) => [name, null]))
 * const [low, high] = model.predict([{ ...empty, bmi: 20 }, { ...empty, bmi: 40 }])
 */
export class TableModel {
  /** Names of the columns that a row must have. */
  readonly columns: readonly string[]
  /** Descriptions of these columns. */
  readonly fields: readonly Field[]
  /** Name of the predicted column. */
  readonly target: string
  /** Names of the classes; undefined if the model predicts values. */
  readonly classes: readonly string[] | undefined
  readonly #arena: Arena
  readonly #saved: SavedTable
  readonly #model: Sequential
  readonly #width: number

  /** @throws `file-invalid`, `file-unsupported`, `state-mismatch` */
  constructor(arena: Arena, bytes: Uint8Array | ArrayBuffer) {
    const contents = read(bytes)
    const saved = savedTable(contents)
    const names = saved.columns.flatMap(featureNames)
    this.#saved = saved
    this.#arena = arena
    this.#width = names.length
    this.columns = saved.columns.map(({ name }) => name)
    this.fields = saved.columns.map(fieldOf)
    this.target = saved.target.name
    this.classes = 'classes' in saved.target ? saved.target.classes : undefined
    const task = this.classes ? ('classification' as const) : ('regression' as const)
    const shape = { task, featureNames: names, ...(this.classes && { classes: this.classes }) }
    this.#model = perceptron(arena, shape, saved, new Generator(0)).eval()
    this.#model.loadStateDict(contents.best as ModuleStateDict)
  }

  /**
   * Predicts the class of each row, or its value in the unit of the target. Numbers may be strings in the notation of the training table.
   * Unknown categories are treated as empty cells.
   *
   * @throws `data-invalid` if every row lacks a column, or a cell of a numeric or date column is not a number or date
   */
  predict(rows: readonly Row[]): (string | number)[] {
    return this.decode(this.#outputsOf(rows))
  }

  /**
   * Returns the probability of each class for each row, in the order of `classes`.
   *
   * @throws like `predict`; `option-range` if the model predicts values
   */
  probabilities(rows: readonly Row[]): number[][] {
    return this.distribution(this.#outputsOf(rows))
  }

  /** Frees the model's memory. */
  dispose(): void {
    for (const parameter of this.#model.parameters()) parameter.dispose()
  }

  #outputsOf(rows: readonly Row[]): Float32Array {
    const cells = this.#cellsOf(rows)
    return this.outputs(this.read(cells).columns, cells.place)
  }

  #cellsOf(rows: readonly Row[]): ModelCells {
    check(Array.isArray(rows), 'data-invalid', () => `predict: rows must be an array of objects, got ${shown(rows)}`)
    const wrong = rows.findIndex((row) => typeof row !== 'object' || row === null)
    check(wrong < 0, 'data-invalid', () => `predict: rows[${wrong}] must be an object, got ${shown(rows[wrong])}`)
    const names = new Set(rows.flatMap((row) => Object.keys(row)))
    if (rows.length) this.checkColumns([...names])
    const columns = this.columns.map((name) => rows.map((row) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null)))
    return { columns, decimal: '.', place: (row) => `rows[${row}]` }
  }

  /** Throws unless the names include all columns. */
  checkColumns(names: readonly string[]): void {
    const missing = this.columns.filter((name) => !names.includes(name))
    if (!missing.length) return
    const meant = nearest(missing[0]!, names)
    const hint = meant && !this.columns.includes(meant) ? `; did you mean ${shown(meant)}?` : ''
    fail(`the model needs the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}${missing.length > 1 ? '' : hint}`)
  }

  /** Reads cells as the model's columns. */
  read(cells: ModelCells): ModelRows {
    return readRows(this.#saved, cells)
  }

  /** Computes the outputs of rows, [rows, classes] or [rows]. Throws `data-invalid` if one is not finite. */
  outputs(columns: readonly Column[], place: ModelCells['place']): Float32Array {
    const rows = rowCount(columns[0]!)
    const matrix = { data: new Float32Array(rows * this.#width), width: this.#width }
    let offset = 0
    for (const [c, coding] of this.#saved.columns.entries()) {
      encode(coding, columns[c]!, matrix, offset)
      offset += featureNames(coding).length
    }
    const count = this.classes?.length ?? 1
    const outputs = new Float32Array(rows * count)
    for (let start = 0; start < rows; start += EVALUATION_ROWS) {
      const size = Math.min(EVALUATION_ROWS, rows - start)
      const part = matrix.data.subarray(start * this.#width, (start + size) * this.#width)
      this.#arena.frame(() => {
        const output = noGrad(this.#arena, () => this.#model.forward(this.#arena.tensor(part, [size, this.#width])))
        outputs.set(output.data as Float32Array, start * count)
      })
    }
    const broken = outputs.findIndex((output) => !Number.isFinite(output))
    if (broken >= 0) fail(`${place(Math.floor(broken / count))}: a number is so large that the prediction is ${outputs[broken]}`)
    return outputs
  }

  /** Returns the classes or values of outputs. */
  decode(outputs: Float32Array): (string | number)[] {
    const { target } = this.#saved
    if (!('classes' in target)) return Array.from(outputs, (output) => output * target.deviation + target.mean)
    const { classes } = target
    return Array.from(
      { length: outputs.length / classes.length },
      (_, row) => classes[largest(outputs, row * classes.length, classes.length)]!,
    )
  }

  /** Returns the probabilities of outputs. */
  distribution(outputs: Float32Array): number[][] {
    const count = this.classes?.length
    check(count !== undefined, 'option-range', `probabilities: the model must be a classifier, but it predicts values of ${this.target}`)
    return Array.from({ length: outputs.length / count }, (_, row) => softmaxOf(outputs, row * count, count))
  }

  /** Returns the index of each cell's class: −1 for an unknown class, NaN for an empty cell. */
  classIndices(cells: readonly Cell[]): Float64Array {
    const indices = new Map(this.classes?.map((name, c) => [name, c]))
    return Float64Array.from(cells, (cell) => classIndex(cell, indices))
  }
}

/** Returns the index of a cell's class; −1 for an unknown class, NaN for an empty cell. The class 1 may be written as 1.0. */
function classIndex(cell: Cell, indices: ReadonlyMap<string, number>): number {
  const text = textOf(cell)
  if (text === undefined) return Number.NaN
  return indices.get(text) ?? indices.get(String(numberOf(text, PLAIN))) ?? -1
}

function fieldOf(coding: ColumnCoding): Field {
  const { name, kind } = coding
  if (kind === 'boolean') return { name, kind, categories: [coding.no, coding.yes] }
  if (kind !== 'text') return { name, kind }
  return { name, kind, categories: coding.categories, ...(coding.hasOther && { hasOther: true }) }
}
