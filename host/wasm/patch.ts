/**
 * Patches binaries, at build time and at run time.
 *
 * The relaxed binary differs from the strict one only in the micro-kernel of gemm, where it adds a product to an accumulator:
 *
 *   f32x4.mul, local.get c, f32x4.add        fd e6 01  20 c  fd e4 01
 *   local.get c, f32x4.relaxed_madd, nop ×3  20 c  fd 85 02  01 01 01
 *
 * Both forms take eight bytes, so the package carries one binary and derives the other.
 */

const LOCAL_GET = 0x20
const SIMD = 0xfd
const NOP = 0x01

/** First opcode byte of relaxed_madd, keyed by that of the product. The sum's is two less than the product's. */
const FUSED: Readonly<Record<number, number>> = { 230: 0x85, 242: 0x87 }

/** Whether a product is added to an accumulator at this position of a binary. */
export function isMultiplyAdd(bytes: Uint8Array, at: number): boolean {
  const [prefix, mul, high, get, , prefix2, add, high2] = bytes.subarray(at)
  const isProduct = prefix === SIMD && mul! in FUSED && high === 0x01 && get === LOCAL_GET
  return isProduct && prefix2 === SIMD && add === mul! - 2 && high2 === 0x01
}

/** Replaces multiply and add with relaxed multiply-add, in place, within the micro-kernel of a strict binary. */
export function relax<Bytes extends Uint8Array>(bytes: Bytes, microKernel: readonly (readonly [number, number])[]): Bytes {
  for (const [start, end] of microKernel) {
    for (let at = start; at < end; at++) {
      if (isMultiplyAdd(bytes, at)) bytes.set([LOCAL_GET, bytes[at + 4]!, SIMD, FUSED[bytes[at + 1]!]!, 0x02, NOP, NOP, NOP], at)
    }
  }
  return bytes
}
