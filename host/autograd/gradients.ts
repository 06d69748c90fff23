/** Accumulates gradients of tensors during a backward pass. */
import { densifyGrad } from '../memory/densify.ts'
import { kernelsOf, Parameter, type Tensor } from '../memory/tensor.ts'

/**
 * Adds to a gradient: `write` writes the contribution to an address, adding if `more` is 1 and overwriting if it is 0. A parameter's gradient
 * is its own memory; any other tensor's belongs to the backward pass.
 */
export function accumulate(x: Tensor, write: (address: number, more: 0 | 1) => void): void {
  if (!x.requiresGrad) return
  if (x instanceof Parameter) {
    densifyGrad(x)
    write(x.reserveGrad(), x.hasGrad ? 1 : 0)
    x.makeGrad()
  } else if (x.gradAddress) write(x.gradAddress, 1)
  else {
    const { address } = x.arena.temporary(x.shape, x.dtype, 'backward')
    write(address, 0)
    x.gradAddress = address
  }
}

/** Adds to a gradient with a `write` that can only overwrite. */
export function contribute(x: Tensor | null | undefined, write: (address: number) => void): void {
  if (!x) return
  accumulate(x, (address, more) => {
    if (!more) return write(address)
    const part = x.arena.temporary(x.shape, x.dtype, 'backward')
    write(part.address)
    kernelsOf(x).add(x.bytes, address, address, part.address)
  })
}

/** Returns the address of a gradient that kernels add to, zeroed if nothing was added before. */
export function startGrad(x: Tensor): number {
  accumulate(x, (address, more) => {
    if (!more) kernelsOf(x).fill(x.bytes, address, 0)
  })
  return x.gradAddress
}
