import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Arena, Generator } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

describe('tensors', () => {
  it('start at 64-byte boundaries and are padded with zeros', async () => {
    const arena = await Arena.create()
    for (const size of [1, 3, 5, 17, 67]) {
      const tensor = arena.parameter([size], { data: new Float32Array(size).fill(1) })
      expect(tensor.address % 64).toBe(0)
      expect(tensor.bytes % 64).toBe(0)
      const whole = arena.view('float32', tensor.address, tensor.bytes / 4)
      expect([...whole.subarray(size)].every((x) => x === 0)).toBe(true)
    }
  })

  it('are contiguous when created one after another', async () => {
    const arena = await Arena.create()
    const [a, b, c] = [arena.parameter([3]), arena.parameter([17]), arena.parameter([2, 2])]
    expect(b!.address).toBe(a!.address + a!.bytes)
    expect(c!.address).toBe(b!.address + b!.bytes)
  })

  it('return a valid view after memory grows; the old view has length 0', async () => {
    const arena = await Arena.create()
    const tensor = arena.parameter([2], { data: [1, 2] })
    const kept = tensor.data
    expect(tensor.data).toBe(kept)
    arena.parameter([1_000_000])
    expect(kept.length).toBe(0)
    expect([...tensor.data]).toEqual([1, 2])
  })

  it('throw for data of the wrong length, bad shapes and bad dtypes', async () => {
    const arena = await Arena.create()
    expect(thrown(() => arena.parameter([2, 3], { data: [1, 2] }))).toEqual({
      code: 'shape-mismatch',
      message: 'parameter: data must be of length 6 for shape [2, 3], got 2',
    })
    expect(thrown(() => arena.parameter([-1])).code).toBe('shape-mismatch')
    expect(thrown(() => arena.parameter([1.5])).code).toBe('shape-mismatch')
    expect(thrown(() => arena.parameter([2 ** 20, 2 ** 20])).code).toBe('shape-mismatch')
    expect(thrown(() => arena.parameter([2], { dtype: 'int32' as 'float32' })).code).toBe('dtype-mismatch')
    expect(thrown(() => arena.tensor([1], [1], { dtype: 'float16' as 'float32' })).code).toBe('dtype-mismatch')
  })
})

describe('relaxed multiply-add', () => {
  const relaxed = readFileSync(new URL('../../dist/downhill-relaxed.wasm', import.meta.url))

  it('throws without runtime support, and otherwise matches the strict kernel up to rounding', async () => {
    if (!WebAssembly.validate(relaxed)) {
      const refusal = { code: 'runtime-unsupported', message: expect.stringContaining('relaxed SIMD needs Node 22 or later') }
      await expect(Arena.create({ relaxed: true })).rejects.toMatchObject(refusal)
      expect(thrown(() => Arena.createSync({ relaxed: true }))).toMatchObject(refusal)
      return
    }
    const product = (arena: Arena) => {
      const [a, b] = [arena.parameter([37, 53]), arena.parameter([53, 91])]
      for (const [i, matrix] of [a, b].entries()) new Generator(i).fillNormal(matrix)
      return arena.frame(() => nn.functional.matmul(a, b).data.slice())
    }
    const strict = product(await Arena.create())
    for (const arena of [await Arena.create({ relaxed: true }), Arena.createSync({ relaxed: true })]) {
      for (const [i, x] of product(arena).entries()) expect(Math.abs(x - strict[i]!)).toBeLessThan(1e-4)
    }
  })

  it('throws when combined with a module or when it is not a boolean', async () => {
    const module = new WebAssembly.Module(readFileSync(new URL('../../dist/downhill.wasm', import.meta.url)))
    await expect(Arena.create({ relaxed: true, module })).rejects.toMatchObject({ code: 'option-range' })
    await expect(Arena.create({ relaxed: 1 as never })).rejects.toMatchObject({ code: 'option-range' })
  })
})

describe('memory', () => {
  it('throws beyond maximumBytes and changes nothing', async () => {
    const arena = await Arena.create({ maximumBytes: 2 ** 20 })
    const tensor = arena.parameter([1000], { data: new Float32Array(1000).fill(3) })
    const before = arena.usage()
    const { code, message } = thrown(() => arena.parameter([10_000_000]))
    expect(code).toBe('out-of-memory')
    expect(message).toMatch(/^40000000 bytes for parameters exceed maximumBytes of 1048576: \d+ of \d+ bytes are in use$/)
    expect(arena.usage()).toEqual(before)
    expect(tensor.data[999]).toBe(3)
    arena.parameter([1000])
  })

  it('can be filled up to maximumBytes', async () => {
    const arena = await Arena.create({ maximumBytes: 2 ** 20 })
    let made = 0
    while (made < 1000) {
      try {
        arena.parameter([4096])
        made++
      } catch {
        break
      }
    }
    expect(made).toBe(Math.floor((2 ** 20 - 65536 - 64) / 16384))
    expect(arena.usage().total).toBe(2 ** 20)
  })

  it('is reused after it is freed', async () => {
    const arena = await Arena.create()
    const parts = Array.from({ length: 8 }, () => arena.parameter([100_000]))
    const { total } = arena.usage()
    for (const i of [3, 1, 2, 0, 7, 5, 6, 4]) parts[i]!.dispose()
    expect(arena.usage().parameters).toBe(0)
    const one = arena.parameter([800_000])
    expect(arena.usage().total).toBe(total)
    expect(one.data.every((x) => x === 0)).toBe(true)
  })

  it('throws for an invalid maximumBytes', async () => {
    await expect(Arena.create({ maximumBytes: Number.NaN })).rejects.toMatchObject({ code: 'option-range' })
    await expect(Arena.create({ maximumBytes: 2 ** 33 })).rejects.toMatchObject({ code: 'option-range' })
  })
})

describe('frames', () => {
  it('free their memory: usage is unchanged after 10,000 frames', async () => {
    const arena = await Arena.create()
    const layer = new nn.Linear(arena, 20, 30)
    const x = new Float32Array(10 * 20)
    const step = () => arena.frame(() => nn.functional.relu(layer.forward(arena.tensor(x, [10, 20]))))
    step()
    const before = arena.usage()
    for (let i = 0; i < 10_000; i++) step()
    expect(arena.usage()).toEqual(before)
  })

  it('allocate the same addresses every time', async () => {
    const arena = await Arena.create()
    const addresses = () => arena.frame(() => [1, 100_000, 3].map((size) => arena.temporary([size], 'float32', 'test').address))
    const first = addresses()
    expect(new Set(first).size).toBe(3)
    expect(addresses()).toEqual(first)
  })

  it('can be nested; an inner frame frees only its own tensors', async () => {
    const arena = await Arena.create()
    arena.frame(() => {
      const outer = arena.tensor([1, 2, 3])
      const inner = arena.frame(() => arena.tensor([4, 5, 6]))
      const next = arena.tensor([7, 8, 9])
      expect(next.address).toBe(inner.address)
      expect([...outer.data]).toEqual([1, 2, 3])
    })
  })

  it('end when the function throws', async () => {
    const arena = await Arena.create()
    expect(() =>
      arena.frame(() => {
        arena.tensor([1])
        throw new Error('mine')
      }),
    ).toThrow('mine')
    expect(arena.frames.current).toBeUndefined()
  })

  it('invalidate their tensors when they end', async () => {
    const arena = await Arena.create()
    const tensor = arena.frame(() => arena.tensor([1, 2]))
    expect(thrown(() => tensor.data)).toEqual({
      code: 'frame-ended',
      message: 'data: tensor(shape=[2], dtype=float32) was freed at the end of its frame',
    })
    expect(thrown(() => arena.frame(() => nn.functional.relu(tensor))).code).toBe('frame-ended')
  })

  it('throw for an asynchronous function', async () => {
    const arena = await Arena.create()
    expect(thrown(() => arena.frame(async () => 1)).code).toBe('frame-async')
  })

  it('are required by operations', async () => {
    const arena = await Arena.create()
    const x = arena.tensor([1, 2])
    expect(thrown(() => nn.functional.relu(x))).toEqual({
      code: 'frame-missing',
      message: 'relu: must be called inside arena.frame()',
    })
  })
})

describe('dispose', () => {
  it('can be called twice; use after dispose throws', async () => {
    const arena = await Arena.create()
    const tensor = arena.tensor([1])
    tensor.dispose()
    tensor.dispose()
    expect(thrown(() => tensor.data)).toEqual({ code: 'disposed', message: 'data: tensor(shape=[1], dtype=float32) was disposed' })
    const parameter = arena.parameter([1])
    arena.dispose()
    arena.dispose()
    parameter.dispose()
    expect(thrown(() => parameter.data).code).toBe('disposed')
    expect(thrown(() => arena.parameter([1])).code).toBe('disposed')
    expect(thrown(() => arena.frame(() => 1)).code).toBe('disposed')
  })
})
