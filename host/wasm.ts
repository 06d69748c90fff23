/** The only file that knows where it runs: it gets a compiled module and instantiates it. */
import { instantiateSync } from '@assemblyscript/loader'
import { DownhillError, shown } from './errors.ts'
import embedded from './generated/binary.ts'
import { type ElementKernels, type PlainKernels, rules } from './generated/kernels.ts'

/** The update rules' names, as their kernels are called. */
export type RuleName = keyof typeof rules

/** Runs a rule over `count` spans (assembly/sweep.ts) with the uniforms at an address. */
export type RuleKernel = (spans: number, count: number, uniforms: number) => void

/** Element types that can be trained. */
export type FloatType = 'float32' | 'float64'

/** A compiled `downhill.wasm`: a WebAssembly.Module, which types without the DOM do not know. */
export type CompiledModule = object

/** Linear memory: a WebAssembly.Memory. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** A memory of as many pages of 64 KiB. */
export function createMemory(pages: number): LinearMemory {
  try {
    return new WebAssembly.Memory({ initial: pages })
  } catch (cause) {
    throw new DownhillError('out-of-memory', 'this runtime gives no memory for another arena; dispose of some', { cause })
  }
}

/** The binary's exports, by element type. */
export interface Kernels extends PlainKernels {
  readonly float32: ElementKernels
  readonly float64: ElementKernels
  /** A rule's kernels, one per combination of its flags: bit i of the index is flag i. */
  rule(name: RuleName, dtype: FloatType): readonly RuleKernel[]
}

const SUFFIX = { float32: 'f32', float64: 'f64' } as const

let compiled: WebAssembly.Module | undefined

function bytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(embedded), (character) => character.charCodeAt(0))
}

function refused(cause: unknown): DownhillError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new DownhillError('runtime-unsupported', `this runtime does not compile the WebAssembly module: ${reason}`, { cause })
}

/** The embedded binary, compiled once per process. */
export async function compile(): Promise<CompiledModule> {
  try {
    compiled ??= await WebAssembly.compile(bytes())
  } catch (cause) {
    throw refused(cause)
  }
  return compiled
}

export function compileSync(): CompiledModule {
  try {
    compiled ??= new WebAssembly.Module(bytes())
  } catch (cause) {
    throw refused(cause)
  }
  return compiled
}

function exportsOf(module: CompiledModule, memory: LinearMemory): Record<string, RuleKernel> {
  const given = module instanceof WebAssembly.Module
  if (!given) throw new DownhillError('option-range', `module is a WebAssembly.Module, not ${shown(module)}`)
  try {
    const exports = instantiateSync(module, { env: { memory: memory as WebAssembly.Memory } }).instance.exports
    if ('gemmScratch' in exports) return exports as Record<string, RuleKernel>
  } catch (cause) {
    throw refused(cause)
  }
  throw new DownhillError('runtime-unsupported', 'the module is not the downhill.wasm of this version')
}

/** Instantiates the module over a memory. The kernels keep no state of their own: all they touch is at the addresses they are given. */
export function instantiate(module: CompiledModule, memory: LinearMemory): Kernels {
  const exports = exportsOf(module, memory)
  const element = (suffix: string) =>
    Object.fromEntries(
      Object.entries(exports)
        .filter(([name]) => name.endsWith(suffix) && !(name.split('_')[0]! in rules))
        .map(([name, kernel]) => [name.slice(0, -suffix.length), kernel]),
    )
  const kernels = {
    ...exports,
    float32: element('_f32'),
    float64: element('_f64'),
    rule(name: RuleName, dtype: FloatType) {
      const { flags } = rules[name]
      return Array.from({ length: 2 ** flags.length }, (_, set) => {
        const on = flags.filter((_, bit) => set & (1 << bit))
        return exports[[name, ...on, SUFFIX[dtype]].join('_')]!
      })
    },
  }
  return kernels as unknown as Kernels
}
