/** Compiles each binary once per process. */
import { binaries, type Patch } from './inline.ts'
import type { CompiledModule } from './wasm.ts'

/** 'downhill' or 'relaxed'. */
export type BinaryName = keyof typeof binaries

const compiled: Record<string, CompiledModule> = {}
const compiling: Record<string, Promise<CompiledModule>> = {}

/** Compiles a binary, or returns it if it was compiled before. Concurrent calls share one compilation. @param patch changes the binary first */
export async function compile(name: BinaryName, patch?: Patch): Promise<CompiledModule> {
  const key = patch ? `${name} ${patch.name}` : name
  if (!compiled[key]) {
    compiling[key] ??= binaries[name].compile(patch).finally(() => delete compiling[key])
    compiled[key] = await compiling[key]
  }
  return compiled[key]
}

/** Compiles a binary synchronously, or returns it if it was compiled before. */
export function compileSync(name: BinaryName): CompiledModule {
  return (compiled[name] ??= binaries[name].compileSync())
}
