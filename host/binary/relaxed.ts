/** The relaxed binary, of the strict one: tools/relaxed.mjs has what changes and why. */
import distances from '../generated/relaxed.ts'

const LOCAL_GET = 0x20
const SIMD = 0xfd
const NOP = 0x01
const F32_MUL = 0xe6

/** Changes a strict binary, where its micro-kernel multiplies and adds, to relaxed multiply-add. */
export function relax(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let at = 0
  for (const distance of distances) {
    at += distance
    const fused = bytes[at + 1] === F32_MUL ? 0x85 : 0x87
    bytes.set([LOCAL_GET, bytes[at + 4]!, SIMD, fused, 0x02, NOP, NOP, NOP], at)
  }
  return bytes
}
