/** Finds the micro-kernel of gemm in the compiled binary, for host/wasm/patch.ts. */
import binaryen from 'binaryen'
import { importHost } from './host.mjs'

const { isMultiplyAdd } = await importHost('wasm/patch.ts')

const KERNEL = 'assembly/matrix/kernel/tile<'

/** Heights 2 to 6, two accumulators per row, A packed and in place, two element types. A single row is inlined and stays strict. */
const ACCUMULATORS = 2 * (2 + 3 + 4 + 5 + 6) * 2 * 2

/** Yields [start, end] of each function body of a binary, in order. */
function* bodies(bytes) {
  let at = 8
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      value += (bytes[at] & 0x7f) * 2 ** shift
      if (bytes[at++] < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const section = bytes[at++]
    const size = number()
    if (section !== 10) {
      at += size
      continue
    }
    for (let left = number(); left > 0; left--) {
      const length = number()
      yield [at, at + length]
      at += length
    }
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
