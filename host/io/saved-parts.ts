/** Parts of a checkpoint in the metadata of its file. */
import { DownhillError, shown } from '../validation/errors.ts'
import { isDict } from './dict.ts'
import { damaged, extentOf, fromJson } from './json.ts'
import type { About, Kind, SavedPart } from './parts.ts'

/** Key of the parts in the metadata. */
export const METADATA_KEY = 'downhill'
/** Maximum nesting of the metadata: a user's value, and its surroundings. */
const DEEPEST = 110
/** Version of the format, stored beside the parts. */
export const VERSION = 1

const KINDS: ReadonlySet<unknown> = new Set<Kind | 'value'>(['model', 'optimizer', 'scheduler', 'generator', 'loader', 'value'])

function isParameter(entry: unknown): boolean {
  const { name, dtype, shape } = isDict(entry) ? entry : {}
  return typeof name === 'string' && typeof dtype === 'string' && Array.isArray(shape) && shape.every(Number.isSafeInteger)
}

function checkedAbout(name: string, about: unknown): About {
  const { className = '', parameters = [], generators = {}, plan = {} } = isDict(about) ? about : { plan: about }
  const hasNames = typeof className === 'string' && Array.isArray(parameters) && parameters.every(isParameter)
  const fits = hasNames && isDict(plan) && isDict(generators) && Object.values(generators).every(isDict)
  if (!fits) throw damaged(`its description of ${shown(name)} is invalid`)
  return about as About
}

/** Returns the parts of a checkpoint. `get` returns a tensor by name. */
export function savedParts(
  metadata: Readonly<Record<string, string>>,
  get: (name: string) => unknown,
): Readonly<Record<string, SavedPart>> {
  if (!Object.hasOwn(metadata, METADATA_KEY)) {
    throw new DownhillError('file-invalid', 'this safetensors file is not a checkpoint; read it with safetensors.read')
  }
  const text = metadata[METADATA_KEY]!
  let document: unknown
  if (extentOf(text).depth > DEEPEST) throw damaged(`its metadata are nested more than ${DEEPEST} deep`)
  try {
    document = JSON.parse(text)
  } catch {
    throw damaged('its metadata are not JSON')
  }
  const { version, parts } = isDict(document) ? document : { version: undefined }
  if (version !== VERSION) throw new DownhillError('file-unsupported', `the checkpoint's version must be ${VERSION}, got ${shown(version)}`)
  if (!isDict(parts)) throw damaged('it has no parts')
  const entries = Object.entries(parts).map(([name, part]): [string, SavedPart] => {
    if (name === '__proto__' || !isDict(part) || !KINDS.has(part.kind)) throw damaged(`its part ${shown(name)} is invalid`)
    const kind = part.kind as SavedPart['kind']
    const state = fromJson(part.state, get)
    return [name, kind === 'value' ? { kind, state } : { kind, state, about: checkedAbout(name, part.about) }]
  })
  return Object.fromEntries(entries)
}
