/** Tries every way to read a file. */
import { AdamW, Arena, CosineAnnealingLR, DownhillError, Generator } from '../../host/index.ts'
import { checkpoint, safetensors, torchFile } from '../../host/io/index.ts'
import { inspect } from '../../host/io/inspect.ts'
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

/** Throws unless a value is what readers promise: plain objects, tensors as long as their shapes, nothing in itself. */
function checkSound(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (depth > 120) throw new Error('a value is too deep')
  if (!Array.isArray(value)) {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype?.constructor.name !== 'Place') throw new Error('an object has a prototype of its own')
    const { shape, data } = value as { shape?: number[]; data?: ArrayLike<unknown> }
    if (ArrayBuffer.isView(data) && Array.isArray(shape) && (data as any).length !== shape.reduce((a, b) => a * b, 1)) {
      throw new Error(`a tensor [${shape}] has ${(data as any).length} numbers`)
    }
  }
  for (const key of Object.keys(value)) checkSound((value as Record<string, unknown>)[key], depth + 1)
}

/** Tries every way to read bytes, against one arena. */
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

  /** Throws unless each way gives a value, or a typed error that has changed nothing. */
  attempt(bytes: Uint8Array): void {
    const { parts } = this
    const ways: readonly [name: string, read: () => unknown, changes: boolean][] = [
      ['safetensors.read', () => safetensors.read(bytes), false],
      ['torchFile.read', () => torchFile.read(bytes), false],
      ['inspect', () => inspect(sourceOf('', bytes)), false],
      ['checkpoint.load', () => checkpoint.load(bytes, parts), true],
      ['torchFile.load', () => torchFile.load(bytes, parts), true],
      ['torchFile.load, loosely', () => torchFile.load(bytes, parts, { strict: false }), true],
    ]
    for (const [name, read, changes] of ways) {
      const before = changes ? [this.#memory(), checkpoint.save(parts)] : []
      const began = performance.now()
      let time = 0
      try {
        const value = read()
        time = performance.now() - began
        checkSound(value)
        this.outcomes.loaded++
        if (changes) checkpoint.load(this.saved, parts)
      } catch (error) {
        time ||= performance.now() - began
        if (!(error instanceof DownhillError)) throw new Error(`${name}: ${error}`, { cause: error })
        if (/\p{Cc}/u.test(error.message)) throw new Error(`${name}: ${JSON.stringify(error.message)} is no line`)
        this.outcomes.refused++
        if (changes && !(this.#memory().equals(before[0]!) && Buffer.compare(checkpoint.save(parts), before[1]!) === 0))
          throw new Error(`${name} changed something`)
      }
      if (time > 10_000) throw new Error(`${name} took ${time} ms`)
    }
    if (Object.getOwnPropertyNames(Object.prototype).join() !== this.#prototype) throw new Error('Object.prototype has changed')
  }
}
