/** The parts of a checkpoint, as the metadata of its file have them. */
import { DownhillError, shown } from '../validation/errors.ts'
import { isDict } from './dict.ts'
import { damaged, extentOf, fromJson } from './json.ts'
import type { About, Kind, SavedPart } from './parts.ts'

/** The metadata's key for all of it. */
export const METADATA_KEY = 'downhill'
/** How deep the metadata may be nested: a value of the user's own, and what is around it. */
const DEEPEST = 110
/** The version of the format, which stands beside the parts. */
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
  if (!fits) throw damaged(`what it tells about ${shown(name)} cannot be read`)
  return about as About
}

/** The parts of a checkpoint; `get` gives a tensor by its name. */
export function savedParts(
  metadata: Readonly<Record<string, string>>,
  get: (name: string) => unknown,
): Readonly<Record<string, SavedPart>> {
  if (!Object.hasOwn(metadata, METADATA_KEY)) {
    throw new DownhillError('file-invalid', 'this is a safetensors file and no checkpoint: safetensors.read gives its tensors')
  }
  const text = metadata[METADATA_KEY]!
  let document: unknown
  if (extentOf(text).depth > DEEPEST) throw damaged(`its metadata are nested more than ${DEEPEST} deep`)
  try {
    document = JSON.parse(text)
  } catch {
    throw damaged('its metadata are no JSON')
  }
  const { version, parts } = isDict(document) ? document : { version: undefined }
  if (version !== VERSION)
    throw new DownhillError('file-unsupported', `the checkpoint has version ${shown(version)}, and ${VERSION} is read`)
  if (!isDict(parts)) throw damaged('it has no parts')
  const entries = Object.entries(parts).map(([name, part]): [string, SavedPart] => {
    if (name === '__proto__' || !isDict(part) || !KINDS.has(part.kind)) throw damaged(`its part ${shown(name)} cannot be read`)
    const kind = part.kind as SavedPart['kind']
    const state = fromJson(part.state, get)
    return [name, kind === 'value' ? { kind, state } : { kind, state, about: checkedAbout(name, part.about) }]
  })
  return Object.fromEntries(entries)
}
