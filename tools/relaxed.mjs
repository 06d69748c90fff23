/**
 * The relaxed binary is the strict one with another instruction in the gemm micro-kernel: where that adds a product to an accumulator,
 *
 *   f32x4.mul, local.get c, f32x4.add        fd e6 01  20 c  fd e4 01
 *   local.get c, f32x4.relaxed_madd, nop ×3  20 c  fd 85 02  01 01 01
 *
 * which takes as many bytes. So the package need not carry both: host/binary/relaxed.ts makes the second of the first.
 */

import binaryen from 'binaryen'

const KERNEL = 'assembly/matrix/kernel/tile<'

/** The last bytes of mul, add and relaxed_madd, behind the prefix fd. */
const OPERATIONS = [
  { mul: [0xe6, 0x01], add: [0xe4, 0x01], fused: [0x85, 0x02] },
  { mul: [0xf2, 0x01], add: [0xf0, 0x01], fused: [0x87, 0x02] },
]

const isAt = (bytes, at, wanted) => wanted.every((byte, i) => byte === undefined || bytes[at + i] === byte)

function operationAt(bytes, at) {
  return OPERATIONS.find(({ mul, add }) => isAt(bytes, at, [0xfd, ...mul, 0x20, undefined, 0xfd, ...add]))
}

/** Where the bodies of a binary's functions lie: [start, end], in order. */
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

/** The stretch of a module's binary that the functions of the micro-kernel take, and no other. */
export function microKernel(module, bytes) {
  const names = Array.from({ length: module.getNumFunctions() }, (_, i) => binaryen.getFunctionInfo(module.getFunctionByIndex(i)).name)
  const defined = names.filter((_, i) => !binaryen.getFunctionInfo(module.getFunctionByIndex(i)).module)
  const own = [...bodies(bytes)].filter((_, i) => defined[i].startsWith(KERNEL))
  const first = defined.findIndex((name) => name.startsWith(KERNEL))
  if (!defined.slice(first, first + own.length).every((name) => name.startsWith(KERNEL))) throw new Error('the micro-kernel is in pieces')
  const stretch = [own[0][0], own.at(-1)[1]]
  // Heights 2 to 6, which have two accumulators a row, with A packed and in place, in two types. A single row is inlined, and stays strict.
  const accumulators = 2 * (2 + 3 + 4 + 5 + 6) * 2 * 2
  const { length } = sitesIn(bytes, stretch)
  if (length !== accumulators) throw new Error(`the micro-kernel multiplies and adds at ${length} places, not ${accumulators}`)
  return stretch
}

const sitesIn = (bytes, [start, end]) => Array.from({ length: end - start }, (_, i) => start + i).filter((at) => operationAt(bytes, at))

/** A copy with relaxed multiply-add in this stretch. */
export function relax(bytes, stretch) {
  const relaxed = Uint8Array.from(bytes)
  for (const at of sitesIn(bytes, stretch)) relaxed.set([0x20, bytes[at + 4], 0xfd, ...operationAt(bytes, at).fused, 0x01, 0x01, 0x01], at)
  return relaxed
}
