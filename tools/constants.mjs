/**
 * Moves vector constants of a compiled module to memory. V8 creates a v128.const with three instructions each time, two of them on the
 * arithmetic units; a load is one instruction on other units: exp and log take two thirds of the time, and no engine is slower
 * (docs/performance.md). The module's data is at `base`, in the first page, which belongs to the module.
 */
import binaryen from 'binaryen'

const CONSTANT = /\(v128\.const i32x4 (0x[0-9a-f]{8}) (0x[0-9a-f]{8}) (0x[0-9a-f]{8}) (0x[0-9a-f]{8})\)/g

/** All zeros and all ones take one instruction. */
const isCheap = (words) => words.every((word) => word === words[0]) && /^0x(0{8}|f{8})$/.test(words[0])

/** Returns the binaryen module with its constants at `base`. */
export function constantsInMemory(binary, base) {
  const addresses = new Map()
  const code = binaryen.readBinary(binary).emitText()
  const loads = code.replace(CONSTANT, (constant, ...groups) => {
    const words = groups.slice(0, 4)
    if (isCheap(words)) return constant
    const key = words.join(' ')
    if (!addresses.has(key)) addresses.set(key, base + 16 * addresses.size)
    return `(v128.load offset=${addresses.get(key)} (i32.const 0))`
  })
  const data = new Uint8Array(new Uint32Array([...addresses.keys()].flatMap((key) => key.split(' ').map(Number))).buffer)
  const escaped = Array.from(data, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
  const module = binaryen.parseText(loads.replace(/\)\s*$/, `(data (i32.const ${base}) "${escaped}"))`))
  module.setFeatures(binaryen.Features.All)
  binaryen.setDebugInfo(false)
  return module
}
