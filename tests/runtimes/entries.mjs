/** The ways to create an arena. Imports no runtime-specific modules. */
import { Arena, SGD } from 'downhill'
import * as nn from 'downhill/nn'

/** Checks an arena from each way to create one: `create`, `createSync`, and `create` with a compiled module. */
export async function checkEntries(module) {
  const arenas = [await Arena.create(), Arena.createSync(), await Arena.create({ module })]
  for (const arena of arenas) {
    const w = arena.parameter([2], { data: [1, -1] })
    w.grad = [3, -4]
    new SGD([w], { lr: 0.5 }).step()
    if (String([...w.data]) !== '-0.5,1') throw new Error(`a step from [1, -1] ended at ${[...w.data]}`)
    arena.dispose()
  }
}

/** Returns the effect of `{ relaxed: true }`: 'refused', or a multiply-add that is 'fused' or 'rounded twice'. */
export async function relaxed() {
  let arena
  try {
    arena = await Arena.create({ relaxed: true })
  } catch (error) {
    if (error.code !== 'runtime-unsupported') throw error
    return 'refused'
  }
  // x² is 1 + 2⁻¹¹ + 2⁻²⁴; float32 drops the last bit.
  const x = 1 + 2 ** -12
  const left = arena.parameter([2, 2], { data: [-(1 + 2 ** -11), x, 1, 2] })
  const right = arena.parameter([2, 2], { data: [1, 1, x, x] })
  const [canceled, , sum] = arena.frame(() => [...nn.functional.matmul(left, right).data])
  arena.dispose()
  if (sum !== 1 + 2 * x || ![0, 2 ** -24].includes(canceled)) throw new Error(`wrong relaxed products: ${canceled}, ${sum}`)
  return canceled ? 'fused' : 'rounded twice'
}
