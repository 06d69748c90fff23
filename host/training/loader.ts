/** Mini-batches of a data set. */
import type { Arena } from '../memory/arena.ts'
import type { DType } from '../memory/dtype.ts'
import { checkDtype, type Numbers } from '../memory/numbers.ts'
import { checkedShape, type Shape, sizeOf } from '../memory/shape.ts'
import { checkArena, type Tensor } from '../memory/tensor.ts'
import { Generator } from '../numerics/random.ts'
import { check, checkRange, isObject, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'

/** A column of a data set: its numbers row by row, and the shape of a row. */
export interface LoaderColumn {
  readonly data: Numbers
  /** Shape of one row. Default [], one number. */
  readonly shape?: Shape
  /** Default 'float32'. */
  readonly dtype?: DType
}

/** Options of {@link Loader}. */
export interface LoaderOptions {
  /** Rows per batch; the last batch may have fewer. Default 32. */
  readonly batchSize?: number
  /** Whether to shuffle the rows in each epoch. Default false. */
  readonly shuffle?: boolean
  /** Seed of the shuffling. Default 0. */
  readonly seed?: number
  /** Whether to drop an incomplete last batch. Default false. */
  readonly dropLast?: boolean
}

/** Position of a loader: completed epochs, and batches delivered in the current one. */
export interface LoaderState {
  readonly epoch: number
  readonly batch: number
}

/** A batch of rows. */
export interface Batch<Name extends string> {
  /** Number of rows. */
  readonly size: number
  /** Indices of the rows in the data set, valid until the next iteration. */
  readonly rows: Uint32Array
  /** Returns a column of the batch as a tensor of the current frame, [size, ...shape]. */
  tensor(name: Name): Tensor
}

interface Column {
  readonly data: Numbers
  readonly shape: Shape
  readonly width: number
  readonly dtype: DType
}

/** Words of the random stream reserved for the order of an epoch: more than any data set has rows. */
const WORDS_PER_EPOCH = 2 ** 31

/**
 * Iterates over a data set in batches, one epoch per loop. Checkpoints save its position, also in the middle of an epoch.
 *
 * @example
 * const columns = { x: { data: [1, 2, 3, 4, 5, 6], shape: [2] }, label: { data: [0, 1, 0], dtype: 'int32' } }
 * const loader = new downhill.Loader(arena, columns, { batchSize: 2, shuffle: true, seed: 7 })
 * for (const batch of loader) {
 *   arena.frame(() => console.log(batch.tensor('x').shape, Array.from(batch.tensor('label').data)))
 * }
 * loader.state // { epoch: 1, batch: 0 }
 */
export class Loader<Name extends string> implements Iterable<Batch<Name>> {
  /** Number of rows of the data set. */
  readonly rows: number
  readonly batchSize: number
  readonly #arena: Arena
  readonly #columns: ReadonlyMap<string, Column>
  readonly #shuffle: boolean
  readonly #dropLast: boolean
  readonly #seed: number
  #epoch = 0
  #batch = 0
  #order: Uint32Array | undefined

  /** @throws `shape-mismatch` if the columns have different numbers of rows, `option-range` */
  constructor(arena: Arena, columns: Readonly<Record<Name, LoaderColumn>>, options: LoaderOptions = {}) {
    checkArena('Loader', arena)
    checkNames('Loader', ['batchSize', 'shuffle', 'seed', 'dropLast'], options)
    const { batchSize = 32, shuffle = false, seed = 0, dropLast = false } = options
    const isSize = Number.isSafeInteger(batchSize) && batchSize > 0
    checkRange(isSize, 'Loader', 'batchSize', 'an integer > 0', batchSize)
    const isTable = isObject(columns) && Object.keys(columns).length > 0
    checkRange(isTable, 'Loader', 'columns', '{ x: { data, shape }, … }', columns, 'data-invalid')
    this.#columns = new Map(Object.entries<LoaderColumn>(columns).map(([name, column]) => [name, checkedColumn(name, column)]))
    const counts = [...this.#columns].map(([name, { data, width }]) => [name, data.length / width] as const)
    const [first, rows] = counts[0]!
    for (const [name, count] of counts) {
      check(count === rows, 'shape-mismatch', `Loader: ${name} must have ${rows} rows like ${first}, got ${count}`)
    }
    this.#seed = new Generator(seed).state.seed
    this.#arena = arena
    this.rows = rows
    this.batchSize = batchSize
    this.#shuffle = shuffle
    this.#dropLast = dropLast
  }

  /** Batches per epoch. */
  get length(): number {
    const batches = this.rows / this.batchSize
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  /** Position in the data set; assigning it resumes from there. The order of an epoch depends only on the seed and the epoch. */
  get state(): LoaderState {
    return { epoch: this.#epoch, batch: this.#batch }
  }

  set state(state: LoaderState) {
    this.prepareLoad(state)()
  }

  /** @internal Checks a position. */
  prepareLoad({ epoch, batch }: LoaderState): Commit {
    const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 0
    checkRange(isWhole(epoch), 'Loader.state', 'epoch', 'an integer ≥ 0', epoch)
    checkRange(isWhole(batch) && batch <= this.length, 'Loader.state', 'batch', `an integer in [0, ${this.length}]`, batch)
    return () => {
      this.#epoch = epoch
      this.#batch = batch
      this.#order = undefined
    }
  }

  /** @internal Values that determine the batches of an epoch. A position is valid only for a loader with the same values. */
  get plan(): Readonly<Record<string, number | boolean>> {
    return { rows: this.rows, batchSize: this.batchSize, shuffle: this.#shuffle, seed: this.#seed, dropLast: this.#dropLast }
  }

  /** Iterates over the remaining batches of the epoch. */
  *[Symbol.iterator](): IterableIterator<Batch<Name>> {
    while (this.#batch < this.length) {
      this.#order ??= this.#orderOf(this.#epoch)
      const start = this.#batch * this.batchSize
      const rows = this.#order.subarray(start, Math.min(start + this.batchSize, this.rows))
      this.#batch++
      yield { size: rows.length, rows, tensor: (name) => this.#tensor(name, rows) }
    }
    this.#epoch++
    this.#batch = 0
    this.#order = undefined
  }

  #orderOf(epoch: number): Uint32Array {
    if (!this.#shuffle) return Uint32Array.from({ length: this.rows }, (_, i) => i)
    const generator = new Generator()
    generator.state = { seed: this.#seed, position: epoch * WORDS_PER_EPOCH }
    return generator.permutation(this.rows)
  }

  #tensor(name: string, rows: Uint32Array): Tensor {
    const column = this.#columns.get(name)
    check(
      column !== undefined,
      'data-invalid',
      () => `Loader has no column ${shown(name)}; the columns are ${[...this.#columns.keys()].join(', ')}`,
    )
    const { data, shape, width, dtype } = column
    const tensor = this.#arena.temporary([rows.length, ...shape], dtype, 'Loader')
    const view = tensor.data
    for (let i = 0; i < rows.length; i++) {
      const from = rows[i]! * width
      for (let k = 0; k < width; k++) view[i * width + k] = data[from + k]!
    }
    return tensor
  }
}

function checkedColumn(name: string, column: LoaderColumn): Column {
  const isColumn = isObject(column) && 'data' in column
  checkRange(isColumn, 'Loader', name, '{ data, shape, dtype }', column, 'data-invalid')
  checkNames(`Loader: ${name}`, ['data', 'shape', 'dtype'], column)
  const { data, shape = [], dtype = 'float32' } = column
  const isList = Array.isArray(data) || ArrayBuffer.isView(data)
  checkRange(isList, 'Loader', `data of ${name}`, 'an array of numbers', data, 'data-invalid')
  checkDtype(`Loader: ${name}`, dtype)
  const own = checkedShape(`Loader: ${name}`, shape)
  const width = sizeOf(own)
  const isWhole = width > 0 && data.length > 0 && data.length % width === 0
  check(isWhole, 'shape-mismatch', () => `Loader: ${name} must have a multiple of ${width} numbers, got ${data.length}`)
  return { data, shape: own, width, dtype }
}
