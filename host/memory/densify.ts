import { scatter } from './sparse.ts'
import type { Parameter } from './tensor.ts'

/** Turns a sparse gradient into a dense one. */
export function densifyGrad(parameter: Parameter): void {
  const rows = parameter.sparseGrad
  if (!rows) return
  parameter.makeGrad()
  const dense = parameter.grad!
  dense.fill(0)
  scatter(rows, dense)
}
