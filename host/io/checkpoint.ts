/**
 * Checkpoints: the complete state of a training run in a safetensors file, whose metadata hold everything that is not a tensor. Names,
 * shapes and options are checked before anything changes.
 */

import { Module } from '../nn/module.ts'
import { Optimizer } from '../optimizer/optimizer.ts'
import { check, checkRange, shown } from '../validation/errors.ts'
import { type Dict, isDict } from './dict.ts'
import type { TensorLike } from './elements.ts'
import { damaged, toJson } from './json.ts'
import { type About, aboutOf, kindOf, type Part, type Parts, parameterNames, type SavedPart, stateOf } from './parts.ts'
import { type Loaded, type LoadOptions, restore } from './restore.ts'
import { read as readTensors, write } from './safetensors-whole.ts'
import { METADATA_KEY, savedParts, VERSION } from './saved-parts.ts'
import { sourceOf } from './source.ts'

type Put = (path: string, tensor: TensorLike) => string

/** A part in the metadata. A model's tensors have its names, an optimizer's have the names of a parameter and a slot. */
function written(name: string, part: Part, about: About, put: Put): Dict {
  const kind = kindOf(part)!
  if (part instanceof Module) return { kind, about, state: toJson(Object.fromEntries(part.stateTensors()), name, put) }
  if (!(part instanceof Optimizer)) return { kind, about, state: toJson(stateOf(part), name, put) }
  const { state, param_groups } = part.liveStateDict()
  const states = Object.entries(state).map(([index, own]) => {
    return [index, toJson(own, `${name}.${about.parameters?.[Number(index)]?.name ?? index}`, put)]
  })
  return { kind, about, state: { state: Object.fromEntries(states), param_groups: toJson(param_groups, name, put) } }
}

/**
 * Saves the state of a training run: models, averages, optimizers, schedulers, generators and loaders, each under a name of your choice, and
 * plain values such as an epoch. The generators of a model's modules and of its arena are saved with it.
 *
 * @returns a safetensors file, which is the same bytes for the same state
 * @throws `option-range` for values that cannot be saved
 * @example
 * const build = () => {
 *   const model = new nn.Sequential(new nn.Linear(arena, 2, 3), new nn.Dropout(0.5))
 *   const optimizer = new downhill.AdamW(model.parameters())
 *   const scheduler = new downhill.CosineAnnealingLR(optimizer, { tMax: 100 })
 *   return { model, optimizer, scheduler }
 * }
 * const bytes = io.checkpoint.save({ ...build(), epoch: 3 })
 *
 * const parts = build()
 * const { rest } = io.checkpoint.load(bytes, parts)
 * rest.epoch // 3
 */
export function save(parts: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> {
  const isPlain = isDict(parts) && !kindOf(parts)
  checkRange(isPlain, 'checkpoint.save', 'parts', '{ model, optimizer, … }', parts)
  const tensors: Record<string, TensorLike> = {}
  const put: Put = (path, tensor) => {
    check(!Object.hasOwn(tensors, path), 'option-range', () => `checkpoint.save: two tensors would have the name ${shown(path)}`)
    tensors[path] = tensor
    return path
  }
  const names = parameterNames(parts)
  const entries = Object.entries(parts).map(([name, part]) => {
    const isName = /^[^.$]+$/.test(name) && name !== '__proto__'
    check(isName, 'option-range', () => `checkpoint.save: names must not contain . or $, got ${shown(name)}`)
    if (kindOf(part)) return [name, written(name, part as Part, aboutOf(part as Part, names), put)]
    return [name, { kind: 'value', state: toJson(part, name, put) }]
  })
  return write(tensors, { [METADATA_KEY]: JSON.stringify({ version: VERSION, parts: Object.fromEntries(entries) }) })
}

function readParts(by: string, bytes: Uint8Array | ArrayBuffer): Readonly<Record<string, SavedPart>> {
  sourceOf(by, bytes)
  const { tensors, metadata } = readTensors(bytes)
  const asked = new Set<string>()
  const parts = savedParts(metadata, (name) => {
    if (!Object.hasOwn(tensors, name)) throw damaged(`it lacks the tensor ${shown(name)}`)
    asked.add(name)
    return tensors[name]
  })
  const unknown = Object.keys(tensors).find((name) => !asked.has(name))
  if (unknown !== undefined) throw damaged(`its tensor ${shown(unknown)} belongs to no part`)
  return parts
}

/**
 * Loads a checkpoint into parts constructed like the saved ones: all of them, or none after an error. Parameters are matched by name, also
 * in optimizers if a model among the parts names them.
 *
 * @returns the plain values as `rest`; with `strict: false` also what was not loaded
 * @throws `state-mismatch` with every missing, unknown and differently shaped name, also as the error's `cause`; `file-invalid`,
 * `file-unsupported`; `out-of-memory`
 */
export function load(bytes: Uint8Array | ArrayBuffer, parts: Parts, options: LoadOptions = {}): Loaded {
  return restore('checkpoint.load', readParts('checkpoint.load', bytes), parts, options)
}

/**
 * Reads a checkpoint as plain values: state dicts of models, optimizers and schedulers, states of generators and loaders.
 *
 * @throws `file-invalid`, `file-unsupported`
 */
export function read(bytes: Uint8Array | ArrayBuffer): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(readParts('checkpoint.read', bytes)).map(([name, { state }]) => [name, state]))
}
