import { check, checkRange } from '../validation/errors.ts'
import type { Commit } from '../validation/prepared.ts'
import type { FloatType, Kernels } from '../wasm/wasm.ts'
import { newGenerator } from './new-generator.ts'

/** State of a generator. */
export interface GeneratorState {
  readonly seed: number
  /** Number of 32-bit words drawn. */
  readonly position: number
}

/** Properties of a tensor that a generator uses. */
export interface Fillable {
  readonly address: number
  readonly bytes: number
  readonly dtype: 'float32' | 'float64' | 'int32'
  /** @internal */
  readonly arena: { readonly kernels: Kernels }
  /** @internal */
  assertAlive(use: string): void
}

const WORDS_PER_BLOCK = 4
/** Words that fill one cache line of either element type. */
const WORDS_PER_LINE = 16

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/**
 * Random numbers from an explicit seed: Philox 4×32-10, the same stream in every runtime. Initialization, dropout and the loader take a
 * generator, and checkpoints save it. assembly/random.ts has the vectorized form.
 *
 * @example
 * const generator = new Generator(7)
 * generator.permutation(4) // the same order everywhere
 */
export class Generator {
  static {
    newGenerator.of = () => new Generator()
  }

  #seed = 0
  #position = 0
  readonly #words = new Uint32Array(WORDS_PER_BLOCK)
  /** The block that the words belong to. */
  #block = -1

  /** @param seed an integer in [0, 2^53) */
  constructor(seed = 0) {
    this.state = { seed, position: 0 }
  }

  get state(): GeneratorState {
    return { seed: this.#seed, position: this.#position }
  }

  /** Resumes from the state of this or another generator. */
  set state(state: GeneratorState) {
    this.prepareLoad(state)()
  }

  /** @internal Checks a state. */
  prepareLoad({ seed, position }: GeneratorState): Commit {
    checkRange(isWhole(seed), 'Generator', 'seed', 'an integer in [0, 2^53)', seed)
    checkRange(isWhole(position), 'Generator', 'position', 'an integer ≥ 0', position)
    return () => {
      this.#seed = seed
      this.#position = position
      this.#block = -1
    }
  }

  /** Returns a uniform number in [0, 1) with 52 random bits. */
  uniform(): number {
    const at = (this.#position % WORDS_PER_BLOCK) & 2
    const block = (this.#position - (this.#position % WORDS_PER_BLOCK)) / WORDS_PER_BLOCK
    if (block !== this.#block) this.#compute(block)
    this.#position += 2
    return (this.#words[at + 1]! * 2 ** 20 + (this.#words[at]! >>> 12)) / 2 ** 52
  }

  /** Returns 0 … n − 1 in random order (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1))
      const kept = order[i]!
      order[i] = order[j]!
      order[j] = kept
    }
    return order
  }

  /** Fills a tensor with uniform numbers in [low, high). */
  fillUniform(tensor: Fillable, low: number, high: number): void {
    const { kernels, block } = this.#take(tensor)
    kernels.uniform(tensor.address, tensor.bytes, this.#seed, this.#seed / 2 ** 32, block, low, high - low)
  }

  /** Fills a tensor with normal numbers. */
  fillNormal(tensor: Fillable, mean = 0, std = 1): void {
    const { kernels, block } = this.#take(tensor)
    kernels.normal(tensor.address, tensor.bytes, this.#seed, this.#seed / 2 ** 32, block, mean, std)
  }

  /** Takes words for a tensor from the stream, starting at the next whole block. */
  #take(tensor: Fillable) {
    tensor.assertAlive('Generator')
    check(tensor.dtype !== 'int32', 'dtype-mismatch', "Generator: dtype must be 'float32' or 'float64', got 'int32'")
    const block = Math.ceil(this.#position / WORDS_PER_BLOCK)
    this.#position = block * WORDS_PER_BLOCK + (tensor.bytes / 64) * WORDS_PER_LINE
    return { kernels: tensor.arena.kernels[tensor.dtype as FloatType], block }
  }

  #compute(block: number): void {
    let c0 = block | 0
    let c1 = (block / 2 ** 32) | 0
    let c2 = 0
    let c3 = 0
    let key0 = this.#seed | 0
    let key1 = (this.#seed / 2 ** 32) | 0
    for (let round = 0; round < 10; round++) {
      const next0 = mulHigh(0xcd9e8d57, c2) ^ c1 ^ key0
      const next2 = mulHigh(0xd2511f53, c0) ^ c3 ^ key1
      c1 = Math.imul(0xcd9e8d57, c2)
      c3 = Math.imul(0xd2511f53, c0)
      c0 = next0
      c2 = next2
      key0 = (key0 + 0x9e3779b9) | 0
      key1 = (key1 + 0xbb67ae85) | 0
    }
    this.#words.set([c0, c1, c2, c3])
    this.#block = block
  }
}

/** Returns the upper half of the 64-bit product of two unsigned words. */
function mulHigh(a: number, b: number): number {
  const al = a & 0xffff
  const ah = a >>> 16
  const bl = b & 0xffff
  const bh = b >>> 16
  const middle = al * bh + ((al * bl) >>> 16)
  const cross = ah * bl + (middle & 0xffff)
  return (ah * bh + (middle >>> 16) + (cross >>> 16)) | 0
}
