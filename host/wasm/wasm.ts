/** Instantiates the binary over a memory, and types its exports. */
import { checkRange, DownhillError } from '../validation/errors.ts'
import type { ElementKernels, PlainKernels } from './generated/kernels.ts'

/** Names of an update rule's kernels and of their arguments (generated/kernels.ts). */
export interface RuleNames {
  readonly name: string
  readonly flags: readonly string[]
  readonly state: readonly string[]
  readonly uniforms: readonly string[]
}

/** The binary's exports by name, such as gemm_f32. */
export type Exports = Readonly<Record<string, (...args: number[]) => void>>

/** Applies a rule to `count` spans (assembly/sweep.ts) with the uniforms at an address. */
export type RuleKernel = (spans: number, count: number, uniforms: number) => void

/** Element types of parameters. */
export type FloatType = 'float32' | 'float64'

/** A compiled binary: a WebAssembly.Module, whose type is in the DOM's and Node's libraries only. */
export type CompiledModule = object

/** Linear memory: a WebAssembly.Memory. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** Creates a memory of `pages` pages of 64 KiB. */
export function createMemory(pages: number, _maximumBytes: number): LinearMemory {
  try {
    return new WebAssembly.Memory({ initial: pages })
  } catch (cause) {
    throw new DownhillError('out-of-memory', 'Arena.create: out of memory; dispose of another arena', { cause })
  }
}

/** The binary's exports, by element type. */
export interface Kernels extends PlainKernels {
  readonly float32: ElementKernels
  readonly float64: ElementKernels
  /** A rule's kernels, one per combination of its flags: bit i of the index is flag i. */
  rule(names: RuleNames, dtype: FloatType): readonly RuleKernel[]
}

const SUFFIX = { float32: 'f32', float64: 'f64' } as const

/** Instantiates the binary over a memory. The kernels are stateless: they access only the addresses they are given. */
export function exportsOf(module: CompiledModule, memory: LinearMemory): Exports {
  // instanceof fails in the sandbox of an edge runtime, which has its own WebAssembly.
  const given = Object.prototype.toString.call(module) === '[object WebAssembly.Module]'
  checkRange(given, 'Arena.create', 'module', 'a WebAssembly.Module', module)
  try {
    const { exports } = new WebAssembly.Instance(module as WebAssembly.Module, { env: { memory: memory as WebAssembly.Memory } })
    if ('gemmScratch' in exports) return exports as Exports
    throw new TypeError('it has other exports')
  } catch (cause) {
    throw new DownhillError('runtime-unsupported', `Arena.create: module must be downhill.wasm of this version, got ${cause}`, { cause })
  }
}

/** Arranges the exports by element type. */
export function kernelsOf(exports: Exports): Kernels {
  const element = (suffix: string) =>
    Object.fromEntries(
      Object.entries(exports)
        .filter(([name]) => name.endsWith(suffix))
        .map(([name, kernel]) => [name.slice(0, -suffix.length), kernel]),
    )
  const kernels = {
    ...exports,
    float32: element('_f32'),
    float64: element('_f64'),
    rule({ name, flags }: RuleNames, dtype: FloatType) {
      return Array.from({ length: 2 ** flags.length }, (_, set) => {
        const on = flags.filter((_, bit) => set & (1 << bit))
        return exports[[name, ...on, SUFFIX[dtype]].join('_')]!
      })
    },
  }
  return kernels as unknown as Kernels
}
