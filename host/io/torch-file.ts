/** Files of `torch.save` and for `torch.load`: models, optimizers, schedulers, and bundles of them. */
import { checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { isDict } from './dict.ts'
import { kindOf, type Part, type Parts, type SavedPart } from './parts.ts'
import { stripModel, stripOptimizer, wrapperOf } from './prefix.ts'
import { type Loaded, type LoadOptions, restore } from './restore.ts'
import { sourceOf } from './source.ts'
import { readPickle, settledPickle } from './torch-reader.ts'
import { TensorReader } from './torch-tensors.ts'
import { writeTorch } from './torch-writer.ts'

/**
 * Writes a file that `torch.load(weights_only=True)` reads. Models, optimizers and schedulers become state dicts that torch's
 * `load_state_dict` accepts, alone or as `{ model, optimizer, scheduler, epoch }` under any names.
 *
 * @throws `option-range` for values that such a file cannot hold
 * @example
 * const model = new nn.Linear(arena, 2, 3)
 * const optimizer = new downhill.Adam(model.parameters())
 * const bytes = io.torchFile.save({ model, optimizer, epoch: 3 })
 *
 * const { rest } = io.torchFile.load(bytes, { model, optimizer })
 * rest.epoch // 3
 * io.torchFile.read(bytes).model.weight.shape // [3,2]
 */
export function save(value: unknown): Uint8Array<ArrayBuffer> {
  return writeTorch(value)
}

/**
 * Reads a `torch.save` file of any torch since 0.1.10: dicts as objects, tuples as arrays, tensors as `{ dtype, shape, data }`. Nothing in it is executed. Half
 * precision is widened to float32; integers become int32 if they fit. Tensors that share their storage may share memory.
 *
 * @throws `file-invalid`; `file-unsupported` with the name of a class or function that is not allowed
 */
export function read(bytes: Uint8Array | ArrayBuffer): unknown {
  const source = sourceOf('torchFile.read', bytes)
  const tensors = new TensorReader(source.size)
  return settledPickle(readPickle(source), (tensor) => tensors.read(tensor))
}

/** Options for loading a torch file. */
export interface TorchLoadOptions extends LoadOptions {
  /** Removed from the names that begin with it: 'module.' for files of `DataParallel`, '_orig_mod.' for those of `torch.compile`. */
  readonly stripPrefix?: string
}

/** Returns a value of a file as the saved form of a part. */
function savedPart(kind: SavedPart['kind'], value: unknown, prefix: string): SavedPart {
  if (kind === 'optimizer' && isDict(value)) return { kind, state: stripOptimizer(value, prefix) }
  if (kind !== 'model' || !isDict(value)) return { kind, state: value }
  const state = stripModel(value, prefix)
  return { kind, state, about: { wrapper: wrapperOf(Object.keys(state)) } }
}

/**
 * Loads a `torch.save` file into a model, an optimizer or a scheduler, or a bundle into several: all of them, or none after an error. An
 * optimizer's parameters are matched by `param_names` if the file and the optimizer have names, else by order.
 *
 * @returns the other values in the file as `rest`
 * @throws `state-mismatch` with all mismatches, `file-invalid`, `file-unsupported`
 */
export function load(bytes: Uint8Array | ArrayBuffer, parts: Part | Parts, options: TorchLoadOptions = {}): Loaded {
  checkNames('torchFile.load', ['strict', 'stripPrefix'], options)
  const { stripPrefix = '', strict = true } = options
  checkRange(typeof stripPrefix === 'string', 'torchFile.load', 'stripPrefix', 'a string', stripPrefix)
  const value = read(bytes)
  const kind = kindOf(parts)
  if (kind) return restore('torchFile.load', { [kind]: savedPart(kind, value, stripPrefix) }, { [kind]: parts as Part }, { strict })
  const saved = isDict(value)
    ? Object.entries(value).map(([name, state]): [string, SavedPart] => {
        return [name, savedPart(kindOf((parts as Parts)?.[name]) ?? 'value', state, stripPrefix)]
      })
    : []
  return restore('torchFile.load', Object.fromEntries(saved), parts as Parts, { strict })
}
