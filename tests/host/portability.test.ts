import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)

function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(new URL(`${folder}/${name}`, root), 'utf8') }))
}

/** Source without comments and texts, in which words stand for themselves. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:\\.|[^'\\\n])*'/gm, '')
}

const host = sources('host')
const assembly = sources('assembly')

describe('sources', () => {
  it.each(host)("$path leaves the engine's own transcendental functions alone", ({ text }) => {
    const found = code(text).match(/Math\.(pow|exp|expm1|log|log1p|log2|log10|a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|hypot|random)\b/g)
    expect(found).toBeNull()
    // Whole powers of two are exact on every engine.
    const powers = code(text)
      .match(/.*\*\*.*/g)
      ?.filter((line) => !/(\b2|-2) \*\* -?\(?[\w. -]+/.test(line))
    expect(powers ?? []).toEqual([])
  })

  it.each(host.filter(({ path }) => !/^host\/(cli|io\/fs)/.test(path)))('$path imports nothing of Node', ({ text }) => {
    expect(text).not.toMatch(/from 'node:/)
    expect(code(text)).not.toMatch(/\bprocess\.|\bBuffer\.(?:from|alloc|concat)|\brequire\(/)
  })

  it.each([...host, ...assembly])('$path has at most 300 lines', ({ text }) => {
    expect(text.split('\n').length).toBeLessThanOrEqual(300)
  })
})

/** Rooms of the host, each importing from those before it only. */
const LAYERS = [
  ['errors', 'dispose', 'generated', 'portable', 'prepared'],
  ['shape', 'options', 'binary', 'wasm', 'generators'],
  ['heap', 'numbers', 'sparse', 'scratch'],
  ['frames'],
  ['arena', 'tensor', 'random', 'folds', 'autograd/tape'],
  ['optimizer', 'autograd', 'clip', 'accumulation', 'find-lr', 'loader'],
  ['rules', 'optim', 'lr_scheduler', 'nn'],
  ['averaging'],
  ['io'],
  ['compare', 'conformance', 'index'],
  ['report'],
  ['cli'],
]

function layerOf(path: string): number {
  const name = path.replace(/^host\//, '').replace(/\.ts$/, '')
  const longest = LAYERS.flatMap((rooms, layer) => rooms.map((room) => ({ room, layer })))
    .filter(({ room }) => name === room || name.startsWith(`${room}/`))
    .sort((a, b) => b.room.length - a.room.length)[0]
  if (!longest) throw new Error(`${path} is in no layer: say where it belongs`)
  return longest.layer
}

describe('arrows point down', () => {
  it.each(host)('$path imports from its own layer or below', ({ path, text }) => {
    for (const [, imported] of text.matchAll(/^(?:import|export) (?!type)[^;]*? from '(\.[^']*)'/gms)) {
      if (imported!.includes('?')) continue
      const target = new URL(imported!, `file:///${path}`).pathname.slice(1)
      expect(layerOf(target), `${path} imports ${target}`).toBeLessThanOrEqual(layerOf(path))
    }
  })
})
