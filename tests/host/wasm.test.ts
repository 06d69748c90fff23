import { afterEach, describe, expect, it, vi } from 'vitest'
import { Arena } from '../../host/index.ts'
import { thrown } from './thrown.ts'

afterEach(() => vi.restoreAllMocks())

/** Imports the package afresh, as if nothing was compiled yet. */
async function fresh(): Promise<typeof Arena> {
  vi.resetModules()
  return (await import('../../host/index.ts')).Arena
}

describe('the binary', () => {
  it('is compiled once, even for arenas that are created concurrently', async () => {
    const Arena = await fresh()
    const compile = vi.spyOn(WebAssembly, 'compile')
    const arenas = await Promise.all([Arena.create(), Arena.create(), Arena.create()])
    await Arena.create()
    Arena.createSync()
    expect(compile).toHaveBeenCalledTimes(1)
    expect(new Set(arenas.map(({ memory }) => memory)).size).toBe(3)
  })

  it('is compiled synchronously by createSync', async () => {
    const Arena = await fresh()
    const compile = vi.spyOn(WebAssembly, 'compile')
    expect(Arena.createSync().parameter([3]).size).toBe(3)
    await Arena.create()
    expect(compile).not.toHaveBeenCalled()
  })

  it('is compiled again after a failure', async () => {
    const Arena = await fresh()
    vi.spyOn(WebAssembly, 'compile').mockRejectedValueOnce(new RangeError('out of memory'))
    await expect(Arena.create()).rejects.toMatchObject({ code: 'runtime-unsupported', message: expect.stringMatching(/: out of memory$/) })
    expect((await Arena.create()).parameter([2]).size).toBe(2)
  })

  it.each([
    [
      "WebAssembly.compile(): Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an allowed source of script",
      /allow script-src 'wasm-unsafe-eval' in the Content-Security-Policy$/,
    ],
    ['call to WebAssembly.compile() blocked by CSP', /allow script-src 'wasm-unsafe-eval' in the Content-Security-Policy$/],
    ['WebAssembly.compile(): Wasm code generation disallowed by embedder', /condition workerd or edge-light, or pass module$/],
  ])('suggests a fix for the compile error %j', async (words, remedy) => {
    const Arena = await fresh()
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(new WebAssembly.CompileError(words))
    await expect(Arena.create()).rejects.toMatchObject({ code: 'runtime-unsupported', message: expect.stringMatching(remedy) })
  })
})

describe('the module option', () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  const empty = new WebAssembly.Module(Uint8Array.from(header))
  /** Imports a function a.b. */
  const asking = new WebAssembly.Module(Uint8Array.from([...header, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 0]))

  it.each([{}, new Uint8Array(8), 'downhill.wasm'])('throws for a value that is not a module: %j', async (module) => {
    await expect(Arena.create({ module: module as object })).rejects.toMatchObject({
      code: 'option-range',
      message: expect.stringMatching(/^Arena\.create: module must be a WebAssembly\.Module, got /),
    })
  })

  it('throws for an unrelated module', () => {
    const code = 'runtime-unsupported'
    const message = 'Arena.create: module must be downhill.wasm of this version, got'
    expect(thrown(() => Arena.createSync({ module: empty }))).toEqual({ code, message: `${message} TypeError: it has other exports` })
    expect(thrown(() => Arena.createSync({ module: asking }))).toEqual({ code, message: expect.stringContaining(`${message} `) })
  })
})

describe('two arenas', () => {
  it('are independent while they grow, step and are disposed', async () => {
    const [a, b] = [await Arena.create(), await Arena.create()]
    const [p, q] = [
      a.parameter([1000], { data: new Float32Array(1000).fill(1) }),
      b.parameter([1000], { data: new Float32Array(1000).fill(2) }),
    ]
    expect(p.address).toBe(q.address)
    a.parameter([1_000_000])
    expect([p.data[999], q.data[999]]).toEqual([1, 2])
    p.data.fill(3)
    a.dispose()
    expect(q.data.every((x) => x === 2)).toBe(true)
    expect(thrown(() => p.data).code).toBe('disposed')
  })
})
