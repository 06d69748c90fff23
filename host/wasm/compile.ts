/** Compiles each binary once per process. */
import { binaries } from './inline.ts'
import type { CompiledModule } from './wasm.ts'

/** 'downhill' or 'relaxed'. */
export type BinaryName = keyof typeof binaries

const compiled: Partial<Record<BinaryName, CompiledModule>> = {}
const compiling: Partial<Record<BinaryName, Promise<CompiledModule>>> = {}

/** Compiles a binary, or returns it if it was compiled before. Concurrent calls share one compilation. */
export async function compile(name: BinaryName): Promise<CompiledModule> {
  if (!compiled[name]) {
    compiling[name] ??= binaries[name].compile().finally(() => delete compiling[name])
    compiled[name] = await compiling[name]
  }
  return compiled[name]
}

/** Compiles a binary synchronously, or returns it if it was compiled before. */
export function compileSync(name: BinaryName): CompiledModule {
  compiled[name] ??= binaries[name].compileSync()
  return compiled[name]
}
