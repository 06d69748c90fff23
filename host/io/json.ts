/** Lossless JSON: numbers that JSON lacks are marked, and tensors are referenced by name. */

import { isStateTensor } from '../optimizer/state-dict.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { isPlain } from './dict.ts'
import type { TensorLike } from './elements.ts'

/** Markers. User keys cannot begin with $. */
const NUMBER = '$number'
const BIGINT = '$bigint'
const TENSOR = '$tensor'

/** Maximum nesting of values. */
const DEEPEST = 100

/**
 * Returns the depth of a JSON text and the number of keys in all its objects. JSON.parse takes 50 bytes per letter of deep nesting, and
 * keeps the last of two equal keys.
 */
export function extentOf(json: string): { depth: number; keys: number } {
  let [depth, deepest, keys] = [0, 0, 0]
  for (let i = 0; i < json.length; i++) {
    const letter = json[i]
    if (letter === '{' || letter === '[') deepest = Math.max(deepest, ++depth)
    else if (letter === '}' || letter === ']') depth--
    else if (letter === ':') keys++
    else if (letter === '"') for (i++; i < json.length && json[i] !== '"'; i++) if (json[i] === '\\') i++
  }
  return { depth: deepest, keys }
}

/** Converts a value to JSON. `put` receives each tensor and its path, and returns its name. */
export function toJson(value: unknown, path: string, put: (path: string, tensor: TensorLike) => string, depth = 0): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number') {
    const isExact = Number.isFinite(value) && !Object.is(value, -0)
    return isExact ? value : { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) }
  }
  if (typeof value === 'bigint') return { [BIGINT]: String(value) }
  check(depth < DEEPEST, 'option-range', `${path}: values must be nested less than ${DEEPEST} deep`)
  const inner = (entry: unknown, key: string | number) => toJson(entry, `${path}.${key}`, put, depth + 1)
  if (Array.isArray(value)) return value.map(inner)
  if (isStateTensor(value)) return { [TENSOR]: put(path, value as TensorLike) }
  check(
    isPlain(value),
    'option-range',
    () => `${path} must be a number, string, array, object or tensor { dtype, shape, data }, got ${shown(value)}`,
  )
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
  for (const [key] of entries) check(isKey(key), 'option-range', `${path}: keys must not begin with $ or be __proto__, got ${shown(key)}`)
  return Object.fromEntries(entries.map(([key, entry]) => [key, inner(entry, key)]))
}

const isKey = (key: string) => !key.startsWith('$') && key !== '__proto__'

/** Reverses {@link toJson}, in place. The caller has checked the depth. `get` returns a tensor by name. */
export function fromJson(value: unknown, get: (name: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const entries = value as Record<string | number, unknown>
  if (Array.isArray(value)) {
    for (const i of value.keys()) entries[i] = fromJson(value[i], get)
    return value
  }
  const keys = Object.keys(value)
  if (keys.length === 1 && keys[0]!.startsWith('$')) return marked(keys[0]!, entries[keys[0]!], get)
  for (const key of keys) {
    if (!isKey(key)) throw damaged(`it has a key ${shown(key)}`)
    entries[key] = fromJson(entries[key], get)
  }
  return value
}

function marked(mark: string, entry: unknown, get: (name: string) => unknown): unknown {
  if (typeof entry === 'string') {
    if (mark === TENSOR) return get(entry)
    if (mark === NUMBER && /^(?:NaN|-?Infinity|-0)$/.test(entry)) return Number(entry)
    if (mark === BIGINT && /^-?\d{1,1000}$/.test(entry)) return BigInt(entry)
  }
  throw damaged(`it has ${shown(entry)} for ${shown(mark)}`)
}

export function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `the checkpoint is damaged: ${why}`)
}
