import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import binaryen from 'binaryen'
import { describe, expect, it } from 'vitest'
import embedded from '../../host/wasm/generated/binary.ts'
import microKernel from '../../host/wasm/generated/kernel.ts'
import { rules } from '../../host/wasm/generated/kernels.ts'
import { relax } from '../../host/wasm/patch.ts'

const bytes = readFileSync(new URL('../../dist/downhill.wasm', import.meta.url))
const module = binaryen.readBinary(bytes)
const text = module.emitText()

type Node = string | Node[]

/** Parses the WebAssembly text format into nested lists. */
function parse(source: string): Node[] {
  const stack: Node[][] = [[]]
  for (const token of source.match(/\(|\)|"(?:[^"\\]|\\.)*"|[^\s()]+/g)!) {
    if (token === '(') stack.push([])
    else if (token === ')') {
      const list = stack.pop()!
      stack.at(-1)!.push(list)
    } else stack.at(-1)!.push(token)
  }
  return stack[0]!
}

const [tree] = parse(text) as [Node[]]
const functions = new Map(tree.filter((node): node is Node[] => node[0] === 'func').map((node) => [node[1] as string, node]))
const exports = new Map(
  tree
    .filter((node): node is Node[] => node[0] === 'export' && (node[2] as Node[])[0] === 'func')
    .map((node) => [(node[1] as string).slice(1, -1), (node[2] as Node[])[1] as string]),
)

function* within(node: Node): Generator<Node[]> {
  if (typeof node === 'string') return
  yield node
  for (const child of node) yield* within(child)
}

/** Returns a function and every function it calls, directly or indirectly. */
function reached(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const node of within(functions.get(name)!)) if (node[0] === 'call') reached(node[1] as string, seen)
  return seen
}

/** Returns the innermost loops: without a loop in their body or in a function they call. */
function innermostLoops(name: string): Node[][] {
  const loopsWithin = (node: Node, self: Node): boolean =>
    [...within(node)].some((inner) => {
      if (inner[0] === 'loop' && inner !== self) return true
      return inner[0] === 'call' && [...reached(inner[1] as string)].some((callee) => loopsWithin(functions.get(callee)!, self))
    })
  return [...within(functions.get(name)!)].filter((node) => node[0] === 'loop' && !loopsWithin(node, node))
}

describe('the binary', () => {
  it('matches the embedded base64', () => {
    expect(Buffer.from(embedded, 'base64').equals(bytes)).toBe(true)
  })

  it('is at most 64 KB gzipped', () => {
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(64 * 1024)
  })

  it('imports only its memory', () => {
    const compiled = new WebAssembly.Module(bytes)
    expect(WebAssembly.Module.imports(compiled)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
    expect(WebAssembly.Module.exports(compiled).every(({ kind }) => kind === 'function')).toBe(true)
  })

  it('uses strict SIMD only', () => {
    expect(text).toMatch(/f32x4\.mul/)
    expect(text).not.toMatch(/relaxed/)
  })

  it('has a relaxed variant with fused multiply-adds in the micro-kernel, and the host patches it to the same bytes', () => {
    const relaxed = readFileSync(new URL('../../dist/downhill-relaxed.wasm', import.meta.url))
    expect(Buffer.from(relax(Uint8Array.from(bytes), microKernel)).equals(relaxed)).toBe(true)
    const count = (source: string, op: RegExp) => source.match(op)?.length ?? 0
    const other = binaryen.readBinary(relaxed).emitText()
    const perType = 2 * (2 * (2 + 3 + 4 + 5 + 6))
    for (const [type, fused] of [['f32x4', /\(f32x4\.relaxed_madd/g] as const, ['f64x2', /\(f64x2\.relaxed_madd/g] as const]) {
      expect(count(other, fused)).toBe(perType)
      const mul = new RegExp(`\\(${type}\\.mul`, 'g')
      expect(count(text, mul) - count(other, mul)).toBe(perType)
    }
  })

  // Update rules, reductions, and copies or sums of whole rows: the hot loops. Pooling is scalar, and activations may call functions.
  const hot = /^(gemm|dot|absMax|nonFinite|sum\w*|\w*[nN]orm\w*|convolution(Weight|Input)?|gatherRows|scatterAddRows)_/
  const names = [...exports.keys()].filter((name) => name.split('_')[0]! in rules || hot.test(name))

  it('has a kernel for every combination of flags', () => {
    const wanted = Object.values(rules).reduce((sum, { flags }) => sum + 2 * 2 ** flags.length, 0)
    expect(names.filter((name) => name.split('_')[0]! in rules).length).toBe(wanted)
  })

  it.each(names)('has no call and no scalar load in the innermost loops of %s', (name) => {
    const loops = [...reached(exports.get(name)!)].flatMap(innermostLoops)
    expect(loops.length).toBeGreaterThan(0)
    for (const loop of loops) {
      const forbidden = [...within(loop)]
        .map((node) => node[0])
        .filter((op) => op === 'call' || op === 'call_indirect' || op === 'i32.load')
      expect(forbidden).toEqual([])
    }
  })

  it("keeps the accumulators of gemm's innermost loop in locals", () => {
    const loops = [...reached(exports.get('gemm_f32')!)].flatMap(innermostLoops)
    const counts = loops.map((loop) => [...within(loop)].filter((node) => node[0] === 'f32x4.mul').length)
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(8)
    const kernel = loops[counts.indexOf(Math.max(...counts))]!
    expect([...within(kernel)].some((node) => node[0] === 'v128.store')).toBe(false)
  })
})
