import type { AnyWorker } from '../threads/start.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { type BinaryName, compile, compileSync } from '../wasm/compile.ts'
import type { CompiledModule } from '../wasm/wasm.ts'
import { Allocator } from './tensor.ts'

/** Options of `Arena.create`. */
export interface ArenaOptions {
  /** A compiled `downhill/downhill.wasm` or `downhill/downhill-relaxed.wasm`. Default: the embedded binary. */
  readonly module?: CompiledModule
  /**
   * Whether matrix products use the machine's fused multiply-add, where it has one: a third faster, but no longer bit-identical across
   * machines. Default false.
   */
  readonly relaxed?: boolean
  /**
   * Number of threads that compute: the caller and threads − 1 workers over a shared memory, with the same bits for any number. 'auto' is the
   * number of the machine's processors, or 1 where the runtime has no shared memory or workers. Default 1.
   */
  readonly threads?: number | 'auto'
  /** Creates a worker that runs `downhill/crew-worker`, where the package's own `new Worker(new URL('./crew-worker.js', import.meta.url))` cannot find it. */
  readonly worker?: () => AnyWorker
  /** Largest size of the linear memory, in bytes. Default 4 GiB, the reach of 32-bit addresses. */
  readonly maximumBytes?: number
}

const OPTIONS = ['module', 'relaxed', 'threads', 'worker', 'maximumBytes']

/**
 * Linear memory with the compute module over it. It holds models, gradients and optimizer state.
 *
 * @example
 * const arena = await Arena.create()
 * const w = arena.parameter([2, 3], { data: [1, 2, 3, 4, 5, 6] })
 * w.data[0] // 1
 */
export class Arena extends Allocator {
  /**
   * Compiles the binary, once per process, and creates an arena over it.
   *
   * @throws `runtime-unsupported` where WebAssembly, SIMD or, with `relaxed`, relaxed SIMD is missing or forbidden, or where a number of threads
   * cannot be had
   */
  static async create(options: ArenaOptions = {}): Promise<Arena> {
    const name = binaryOf('Arena.create', options)
    const { module, threads = 1, maximumBytes } = options
    if (threads !== 1) {
      // Loaded on demand, so that programs without threads have no code for them.
      const { withCrew } = await import('../threads/crew.ts')
      const arena = await withCrew(Arena, options, (patch) => compile(name, patch))
      if (arena) return arena
    }
    return new Arena(module ?? (await compile(name)), maximumBytes)
  }

  /** Creates an arena synchronously, if the runtime compiles synchronously (browsers: up to 8 MB on the main thread). */
  static createSync(options: ArenaOptions = {}): Arena {
    const name = binaryOf('Arena.createSync', options)
    const { threads = 1 } = options
    checkRange(threads === 1, 'Arena.createSync', 'threads', '1; Arena.create starts workers', threads)
    return new Arena(options.module ?? compileSync(name), options.maximumBytes)
  }
}

/** Checks the options, and returns the binary that they select. */
function binaryOf(by: string, options: ArenaOptions): BinaryName {
  checkNames(by, OPTIONS, options)
  const { module, relaxed = false } = options
  checkRange(typeof relaxed === 'boolean', by, 'relaxed', 'true or false', relaxed)
  check(!(relaxed && module), 'option-range', `${by}: relaxed and module cannot be combined`)
  return relaxed ? 'relaxed' : 'downhill'
}
