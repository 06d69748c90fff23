/** The relaxed binary, of the strict one: tools/relaxed.mjs has what changes and why. */
import microKernel from '../generated/kernel.ts'

const LOCAL_GET = 0x20
const SIMD = 0xfd
const NOP = 0x01
const F32_MUL = 0xe6

/** Changes a strict binary, where its micro-kernel multiplies and adds, to relaxed multiply-add. */
export function relax(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [start, end] = microKernel
  for (let at = start; at < end; at++) {
    const [prefix, mul, , get, local, , add] = bytes.subarray(at)
    // The sum of either type is two codes below its product.
    const isSum = prefix === SIMD && get === LOCAL_GET && add === mul! - 2
    if (isSum) bytes.set([LOCAL_GET, local!, SIMD, mul === F32_MUL ? 0x85 : 0x87, 0x02, NOP, NOP, NOP], at)
  }
  return bytes
}
