/** What does not fit between a file and the parts it is loaded into, all of it in one error. */

import { type Shape, sameShape, showShape } from '../memory/shape.ts'
import { DownhillError, printable } from '../validation/errors.ts'

/** What a tensor is, apart from its numbers. */
export interface TensorKind {
  readonly dtype: string
  readonly shape: Shape
}

export class Findings {
  /** Names that the parts have and the file has not. */
  readonly missing: string[] = []
  /** Names that the file has and the parts have not. */
  readonly extra: string[] = []
  /** Tensors of another shape or type, with both. */
  readonly reshaped: string[] = []
  /** All else, a sentence each. */
  readonly other: string[] = []

  /** Whether a tensor is of the shape, and if the file tells it of the type, of what the file has in its place; notes it if not. */
  fits(name: string, own: TensorKind, saved: Partial<TensorKind>): boolean {
    const { dtype = own.dtype, shape = own.shape } = saved
    const fits = dtype === own.dtype && sameShape(shape, own.shape)
    if (!fits) this.reshaped.push(`${name} (${own.dtype} ${showShape(own.shape)}, in the file ${dtype} ${showShape(shape)})`)
    return fits
  }

  /** Throws if there is anything, with all of it. */
  throwIfAny(by: string): void {
    const { missing, extra, reshaped, other } = this
    const lists = [
      ['missing in the file', missing],
      ['only in the file', extra],
      ['of another shape or type', reshaped],
      ['else', other],
    ] as const
    const told = lists.filter(([, names]) => names.length).map(([what, names]) => `${what}: ${shortened(names)}`)
    if (!told.length) return
    throw new DownhillError('state-mismatch', `${by}: the file does not fit, and nothing was changed; ${told.join('; ')}`, {
      cause: { missing, extra, reshaped, other },
    })
  }
}

/** The names a message has room for, and the letters of each; all of them are in its `cause`. */
const MOST_NAMES = 20
const LONGEST_NAME = 200

function shortened(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMES).map((name) => printable(name.slice(0, LONGEST_NAME)))
  const more = names.length - MOST_NAMES
  return `${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
