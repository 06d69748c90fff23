/** What the crew knows about the exports of the binary: the names of their parameters. */
import { parameters } from '../wasm/generated/parameters.ts'

/** A kernel's name without its element type, and the bytes of an element: 'gemm' and 4 for gemm_f32. */
export function elementOf(name: string): [name: string, size: number] {
  const [, base, type] = name.match(/^(.*)_f(32|64)$/) ?? []
  return base ? [base, Number(type) / 8] : [name, 0]
}

/** The parameters of an export. The kernels of the rules have the same. */
export function parametersOf(name: string): readonly string[] {
  const [base] = elementOf(name)
  return (parameters as Readonly<Record<string, readonly string[]>>)[base] ?? ['spans', 'count', 'uniforms']
}

/** For each export, in order: the positions of `work` and `scratch`, which each thread has of its own, and the number of parameters. */
export function signaturesOf(exports: object): (readonly [work: number, scratch: number, count: number])[] {
  return Object.keys(exports).map((name) => {
    const names = parametersOf(name)
    return [names.indexOf('work'), names.indexOf('scratch'), names.length]
  })
}
