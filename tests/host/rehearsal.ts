/** An arena whose divided kernel calls are checked on one thread: the parts run in random order, and no two of them write to the same place. */
import { Arena } from '../../host/index.ts'
import { padded } from '../../host/memory/heap.ts'
import { divided } from '../../host/threads/divided.ts'
import { type Part, workOf } from '../../host/threads/export.ts'
import { elementOf, signaturesOf } from '../../host/threads/signatures.ts'
import { type Exports, kernelsOf } from '../../host/wasm/wasm.ts'
import { Draw } from './draw.ts'

/** Functions that compute a size. They are not divided. */
export const SIZES = ['gemmScratch', 'attentionWork', 'convolutionWork']

const BLOCK = 16_384

/** Passes on the positions of the words in which two memories differ. */
function eachDifference(a: Uint8Array, b: Uint8Array, visit: (word: number) => void): void {
  const [left, right] = [a, b].map((all) => Buffer.from(all.buffer, all.byteOffset, all.byteLength)) as [Buffer, Buffer]
  for (let from = 0; from < a.length; from += BLOCK) {
    const end = Math.min(from + BLOCK, a.length)
    if (left.compare(right, from, end, from, end) === 0) continue
    for (let at = from; at < end; at += 4) if (left.readUInt32LE(at) !== right.readUInt32LE(at)) visit(at / 4)
  }
}

/** A copy of the memory, whose array is kept. */
class Copy {
  #room = new Uint8Array(0)
  bytes = this.#room

  take(from: Uint8Array): Uint8Array {
    if (from.length > this.#room.length) this.#room = new Uint8Array(from.length)
    this.bytes = this.#room.subarray(0, from.length)
    this.bytes.set(from)
    return this.bytes
  }
}

export class Rehearsal {
  readonly arena = Arena.createSync()
  /** Numbers of jobs, by the name of the export. */
  readonly jobs = new Map<string, number>()
  readonly names: readonly string[]
  readonly #draw: Draw
  readonly #exports: Exports
  readonly #signatures
  readonly #scratchBytes: number
  /** What follows `scratch` in the memory is compared. */
  readonly #start: number
  readonly #copies = [new Copy(), new Copy(), new Copy()] as const
  /** Memory of tables, which belongs to no result, and that of the current call. */
  readonly #tables: [start: number, end: number][] = []
  #own: [start: number, end: number][] = []

  constructor(
    readonly threads: number,
    seed: number,
  ) {
    const { arena } = this
    const { float32, float64, rule, ...exports } = arena.kernels
    this.#draw = new Draw(seed)
    this.#exports = exports as unknown as Exports
    this.#signatures = signaturesOf(exports)
    this.names = Object.keys(exports)
    this.#scratchBytes = workOf(this.#exports.gemmScratch!)
    arena.scratch = arena.heap.allocate(threads * this.#scratchBytes, 'work')
    this.#start = arena.scratch + threads * this.#scratchBytes
    const team = {
      threads,
      active: threads,
      least: 1,
      declines: () => false,
      run: (parts: readonly Part[], workBytes = 0) => this.#run(parts, workBytes),
    }
    const allocate = (bytes: number) => {
      const address = arena.heap.allocate(bytes, 'work')
      this.#tables.push([address, address + padded(bytes)])
      return address
    }
    const ground = {
      // Tables are never freed, so that their memory never belongs to a result.
      heap: { allocate, free: () => {} },
      get u32() {
        return arena.u32
      },
      kernels: arena.kernels,
    }
    const kernels = divided({ exports: this.#exports, arena: ground, team })
    arena.kernels = kernelsOf(Object.fromEntries(this.names.map((name) => [name, this.#compared(name, kernels[name]!)])))
  }

  /** A kernel that runs whole and divided, and must leave the same memory. */
  #compared(name: string, kernel: Exports[string]): Exports[string] {
    const whole = this.#exports[name]!
    const [base] = elementOf(name)
    if (SIZES.includes(base)) return kernel
    return (...args) => {
      const before = this.#copies[0].take(this.#bytes())
      whole(...args)
      const expected = this.#copies[1].take(this.#bytes())
      this.#bytes().set(before)
      // The last row of a copy's table counts.
      this.#own = base === 'stridedCopy' ? [[args[1]! + 12 * args[0]!, args[1]! + 16 * args[0]!]] : []
      kernel(...args)
      let wrong = 0
      // Tables can make the memory grow.
      eachDifference(this.#bytes().subarray(0, expected.length), expected, (word) => {
        if (!this.#isOwn(word)) wrong++
      })
      if (wrong) throw new Error(`${name}(${args}): ${wrong} words differ from those of the whole call`)
    }
  }

  #bytes(): Uint8Array {
    return new Uint8Array(this.arena.memory, this.#start)
  }

  #isOwn(word: number): boolean {
    const address = this.#start + 4 * word
    return [...this.#own, ...this.#tables].some(([start, end]) => address >= start && address < end)
  }

  /** Runs parts in random order, each on a random thread. */
  #run(parts: readonly Part[], workBytes: number): void {
    const name = this.names[parts[0]!.kernel]!
    this.jobs.set(name, (this.jobs.get(name) ?? 0) + 1)
    const writer = new Map<number, number>()
    const last = this.#copies[2].take(this.#bytes())
    for (const index of this.#draw.order(parts.length)) {
      const { kernel, args } = parts[index]!
      const [work, scratch] = this.#signatures[kernel]!
      const thread = this.#draw.int(0, this.threads - 1)
      const own = [...args]
      if (scratch >= 0) own[scratch]! += thread * this.#scratchBytes
      if (work >= 0) {
        own[work]! += thread * workBytes
        this.#own.push([args[work]!, args[work]! + this.threads * workBytes])
      }
      this.#exports[this.names[kernel]!]!(...own)
      const after = this.#bytes()
      const words = new Uint32Array(after.buffer, after.byteOffset)
      const seen = new Uint32Array(last.buffer, 0, last.length / 4)
      eachDifference(after, last, (word) => {
        seen[word] = words[word]!
        if (this.#isOwn(word)) return
        if (writer.has(word)) throw new Error(`${name}: parts ${writer.get(word)} and ${index} of ${parts.length} write to the same word`)
        writer.set(word, index)
      })
    }
  }
}
