/** Mismatches between a file and the parts it is loaded into, collected for one error. */

import { type Shape, sameShape, showShape } from '../memory/shape.ts'
import { DownhillError, printable } from '../validation/errors.ts'

/** A tensor's dtype and shape. */
export interface TensorKind {
  readonly dtype: string
  readonly shape: Shape
}

export class Findings {
  /** Names that the file lacks. */
  readonly missing: string[] = []
  /** Names that only the file has. */
  readonly extra: string[] = []
  /** Tensors with another shape or type, with both. */
  readonly reshaped: string[] = []
  /** Other mismatches, one sentence each. */
  readonly other: string[] = []
  /** Hints on how to make the file match. */
  readonly advice: string[] = []

  /** Whether a tensor has the shape of its counterpart in the file, and the type if the file stores it. Records a mismatch. */
  fits(name: string, own: TensorKind, saved: Partial<TensorKind>): boolean {
    const { dtype = own.dtype, shape = own.shape } = saved
    const fits = dtype === own.dtype && sameShape(shape, own.shape)
    if (!fits) this.reshaped.push(`${name} (${own.dtype} ${showShape(own.shape)} here, ${dtype} ${showShape(shape)} in the file)`)
    return fits
  }

  /** Throws if there are any mismatches, with all of them. */
  throwIfAny(by: string): void {
    const { missing, extra, reshaped, other, advice } = this
    const lists = [
      ['missing in the file', missing],
      ['only in the file', extra],
      ['different shape or type', reshaped],
      ['other differences', other],
    ] as const
    const told = lists.filter(([, names]) => names.length).map(([what, names]) => `${what}: ${shortened(names)}`)
    if (!told.length) return
    throw new DownhillError(
      'state-mismatch',
      `${by}: the file does not match, and nothing was changed; ${[...told, ...advice].join('; ')}`,
      {
        cause: { missing, extra, reshaped, other },
      },
    )
  }
}

/** Number of names in a message, and letters of each. The error's `cause` has all of them. */
const MOST_NAMES = 20
const LONGEST_NAME = 200

function shortened(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMES).map((name) => printable(name.slice(0, LONGEST_NAME)))
  const more = names.length - MOST_NAMES
  return `${some.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
