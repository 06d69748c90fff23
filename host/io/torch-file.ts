/** Files of `torch.save` and for `torch.load`: models, optimizers, schedulers, and bundles of them. */
import { isDict } from './dict.ts'
import { kindOf, type Part, type Parts, type SavedPart } from './parts.ts'
import { type Loaded, type LoadOptions, restore } from './restore.ts'
import { sourceOf } from './source.ts'
import { readArchive, settledArchive, TensorReader } from './torch-reader.ts'
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
 * Reads a `torch.save` file: dicts as objects, tuples as arrays, tensors as `{ dtype, shape, data }`. Nothing in it is executed. Half
 * precision is widened to float32; integers become int32 if they fit. Tensors that share their storage may share memory.
 *
 * @throws `file-invalid`; `file-unsupported` with the name of a class or function that is not allowed
 */
export function read(bytes: Uint8Array | ArrayBuffer): unknown {
  const archive = readArchive(sourceOf('torchFile.read', bytes))
  const tensors = new TensorReader(archive.source)
  return settledArchive(archive, (tensor) => tensors.read(tensor))
}

/**
 * Loads a `torch.save` file into a model, an optimizer or a scheduler, or a bundle into several: all of them, or none after an error. An
 * optimizer's parameters are matched by `param_names` if the file and the optimizer have names, else by order.
 *
 * @returns the other values in the file as `rest`
 * @throws `state-mismatch` with all mismatches, `file-invalid`, `file-unsupported`
 */
export function load(bytes: Uint8Array | ArrayBuffer, parts: Part | Parts, options: LoadOptions = {}): Loaded {
  const value = read(bytes)
  const kind = kindOf(parts)
  if (kind) return restore('torchFile.load', { [kind]: { kind, state: value } }, { [kind]: parts as Part }, options)
  const saved = isDict(value)
    ? Object.entries(value).map(([name, state]): [string, SavedPart] => {
        return [name, { kind: kindOf((parts as Parts)?.[name]) ?? 'value', state }]
      })
    : []
  return restore('torchFile.load', Object.fromEntries(saved), parts as Parts, options)
}
