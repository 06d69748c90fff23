/** What a backward pass adds to the gradients of tensors. */
import { densifyGrad } from '../memory/densify.ts'
import { kernelsOf, Parameter, type Tensor } from '../memory/tensor.ts'

/**
 * Adds to a gradient: `write` puts the contribution at an address, adding to what stands there if `more` is 1 and overwriting it if 0. That of
 * a parameter is its own, that of any other tensor is memory of the backward pass.
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

/** The same for a `write` that can only overwrite. */
export function contribute(x: Tensor | null | undefined, write: (address: number) => void): void {
  if (!x) return
  accumulate(x, (address, more) => {
    if (!more) return write(address)
    const part = x.arena.temporary(x.shape, x.dtype, 'backward')
    write(part.address)
    kernelsOf(x).add(x.bytes, address, address, part.address)
  })
}

/** The address of a gradient that kernels add to, which is 0 if nothing was added to it yet. */
export function startGrad(x: Tensor): number {
  accumulate(x, (address, more) => {
    if (!more) kernelsOf(x).fill(x.bytes, address, 0)
  })
  return x.gradAddress
}
