/** Finds the micro-kernel of gemm in the compiled binary, for host/wasm/patch.ts. */
import binaryen from 'binaryen'
import { importHost } from './host.mjs'

const { isMultiplyAdd } = await importHost('wasm/patch.ts')
const { numberAt } = await importHost('threads/share.ts')

const KERNEL = 'assembly/matrix/kernel/tile<'

/** Heights 2 to 6, two accumulators per row, A packed and in place, two element types. A single row is inlined and stays strict. */
const ACCUMULATORS = 2 * (2 + 3 + 4 + 5 + 6) * 2 * 2

/** Yields [start, end] of each function body of a binary, in order. */
function* bodies(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const [size, body] = numberAt(bytes, at + 1)
    if (bytes[at] === 10) {
      for (let [left, next] = numberAt(bytes, body); left > 0; left--) {
        const [length, start] = numberAt(bytes, next)
        next = start + length
        yield [start, next]
      }
    }
    at = body + size
  }
}

/** Returns [start, end] of the micro-kernel's functions in the binary of a module; adjacent functions are one range. */
export function microKernel(module, bytes) {
  const names = Array.from({ length: module.getNumFunctions() }, (_, i) => binaryen.getFunctionInfo(module.getFunctionByIndex(i)).name)
  const defined = names.filter((_, i) => !binaryen.getFunctionInfo(module.getFunctionByIndex(i)).module)
  const ranges = []
  for (const [i, body] of [...bodies(bytes)].entries()) {
    if (!defined[i].startsWith(KERNEL)) continue
    if (i > 0 && defined[i - 1].startsWith(KERNEL)) ranges.at(-1)[1] = body[1]
    else ranges.push(body)
  }
  const positions = ranges.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i))
  const { length } = positions.filter((at) => isMultiplyAdd(bytes, at))
  if (length !== ACCUMULATORS) throw new Error(`the micro-kernel multiplies and adds at ${length} positions, not ${ACCUMULATORS}`)
  return ranges
}
