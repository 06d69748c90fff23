/** The result of inspecting a file. */
import type { Shape } from '../memory/shape.ts'
import type { Dict } from './dict.ts'
import type { Kind } from './parts.ts'

/** A tensor in a file. */
export interface InspectedTensor {
  readonly name: string
  /** Type under torch's name. */
  readonly dtype: string
  readonly shape: Shape
  readonly bytes: number
  /** File that holds the tensor, if there are several files. */
  readonly file?: string
}

/** The value under a name. */
export interface InspectedPart {
  readonly name: string
  readonly kind: Kind | 'value'
  readonly className?: string
  /** For optimizers: the largest step count of their parameters. */
  readonly step?: number
  /** For optimizers: the options of their groups, with torch's names. */
  readonly groups?: readonly Dict[]
  /** For values other than models: the value. */
  readonly value?: unknown
}

/** Result of `downhill inspect`. */
export interface Inspection {
  readonly format: 'checkpoint' | 'safetensors' | 'safetensors-index' | 'torch' | 'npy' | 'npz'
  /** Size of the file; of an index, with all files. */
  readonly bytes: number
  readonly tensors: readonly InspectedTensor[]
  readonly parts: readonly InspectedPart[]
  readonly metadata: Dict
}
