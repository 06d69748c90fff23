/** Runs every reader on given bytes. */
import { readFileSync } from 'node:fs'
import { AdamW, Arena, CosineAnnealingLR, DownhillError, Generator } from '../../host/index.ts'
import { checkpoint, npy, npz, safetensors, torchFile } from '../../host/io/index.ts'
import { inspect } from '../../host/io/inspect.ts'
import { readIndex } from '../../host/io/shards.ts'
import { sourceOf } from '../../host/io/source.ts'
import * as nn from '../../host/nn/index.ts'

function build(arena: Arena) {
  const model = new nn.Sequential(new nn.Linear(arena, 3, 4), new nn.BatchNorm1d(arena, 4), new nn.Linear(arena, 4, 2))
  const optimizer = new AdamW(model.parameters(), { amsgrad: true })
  for (const parameter of model.parameters()) parameter.grad = new Float32Array(parameter.size).fill(0.5)
  optimizer.step()
  const scheduler = new CosineAnnealingLR(optimizer, { tMax: 9 })
  return { model, optimizer, scheduler, generator: new Generator(3) }
}

/** Throws unless a value is plain objects and tensors whose lengths match their shapes, without cycles. */
function checkSound(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (depth > 120) throw new Error('a value is nested too deep')
  if (!Array.isArray(value)) {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype?.constructor.name !== 'Place') throw new Error('an object has a custom prototype')
    const { shape, data } = value as { shape?: number[]; data?: ArrayLike<unknown> }
    if (ArrayBuffer.isView(data) && Array.isArray(shape) && (data as any).length !== shape.reduce((a, b) => a * b, 1)) {
      throw new Error(`a tensor [${shape}] has ${(data as any).length} numbers`)
    }
  }
  for (const key of Object.keys(value)) checkSound((value as Record<string, unknown>)[key], depth + 1)
}

/** Returns the CPU time since a moment, which other processes do not delay. */
function milliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** The shard of every index. */
const shard = () => sourceOf('', new Uint8Array(readFileSync(new URL('../files/model-00001-of-00002.safetensors', import.meta.url))))

/** Runs every reader on given bytes, with one arena. */
export class Target {
  readonly arena = Arena.createSync()
  readonly parts = build(this.arena)
  readonly saved = checkpoint.save({ ...this.parts, epoch: 3, note: ['a', { b: null }] })
  readonly bundle = torchFile.save({ ...this.parts, epoch: 3 })
  readonly #prototype = Object.getOwnPropertyNames(Object.prototype).join()
  outcomes = { loaded: 0, refused: 0 }

  #memory(): Buffer {
    return Buffer.from(this.arena.memory.slice(0))
  }

  /** Throws unless each reader returns a value, or throws a typed error and changes nothing. */
  attempt(bytes: Uint8Array): void {
    const { parts } = this
    const ways: readonly [name: string, read: () => unknown, changes: boolean][] = [
      ['safetensors.read', () => safetensors.read(bytes), false],
      ['torchFile.read', () => torchFile.read(bytes), false],
      ['npy.read', () => npy.read(bytes), false],
      ['npz.read', () => npz.read(bytes), false],
      ['readIndex', () => Object.fromEntries(readIndex(bytes).files), false],
      ['inspect', () => inspect(sourceOf('', bytes), shard), false],
      ['checkpoint.load', () => checkpoint.load(bytes, parts), true],
      ['torchFile.load', () => torchFile.load(bytes, parts), true],
      ['torchFile.load with strict: false', () => torchFile.load(bytes, parts, { strict: false }), true],
    ]
    for (const [name, read, changes] of ways) {
      const before = changes ? [this.#memory(), checkpoint.save(parts)] : []
      const began = process.cpuUsage()
      let time = 0
      try {
        const value = read()
        time = milliseconds(began)
        checkSound(value)
        this.outcomes.loaded++
        if (changes) checkpoint.load(this.saved, parts)
      } catch (error) {
        time ||= milliseconds(began)
        if (!(error instanceof DownhillError)) throw new Error(`${name}: ${error}`, { cause: error })
        if (/\p{Cc}/u.test(error.message)) throw new Error(`${name}: ${JSON.stringify(error.message)} contains control characters`)
        this.outcomes.refused++
        if (changes && !(this.#memory().equals(before[0]!) && Buffer.compare(checkpoint.save(parts), before[1]!) === 0))
          throw new Error(`${name} changed something`)
      }
      if (time > 10_000) throw new Error(`${name} took ${time} ms of CPU time`)
    }
    if (Object.getOwnPropertyNames(Object.prototype).join() !== this.#prototype) throw new Error('Object.prototype has changed')
  }
}
