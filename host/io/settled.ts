/** Converts Python's values to JavaScript's. In a pickle an object may have several parents, and in a hostile one contain itself. */
import { damaged } from './cursor.ts'
import { isPlain } from './dict.ts'
import { Constant, Float, PythonDict, PythonSet, Tuple } from './python.ts'

/** Maximum nesting of values, and maximum number, with shared values counted at each parent. */
const DEEPEST = 100
const MOST_VALUES = 2 ** 20

/** Returns the array or object that a container becomes; undefined for other values. */
function partsOf(value: object): unknown[] | Record<string, unknown> | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Tuple || value instanceof PythonSet) return value.items as unknown[]
  if (value instanceof PythonDict) return value.entries
  return isPlain(value) ? value : undefined
}

/**
 * Converts a value, in place where it can: tuples and sets become arrays, dicts objects, dtypes and devices strings, and other objects what
 * `replace` returns. `onDict` sees each dict and its object. Checks that the value is finite: nothing contains itself, and it is not deeper or
 * larger than a checkpoint may be.
 *
 * @throws `file-invalid`
 */
export function settled(
  value: unknown,
  replace: (leaf: object) => unknown,
  onDict: (dict: PythonDict, entries: object) => void = () => {},
): unknown {
  const replaced = new Set<unknown>()
  let count = 0
  const visit = (part: unknown, depth: number): unknown => {
    if (++count > MOST_VALUES) throw damaged(`it has more than ${MOST_VALUES} values`)
    if (typeof part !== 'object' || part === null || replaced.has(part)) return part
    if (part instanceof Float) return part.value
    if (part instanceof Constant) return part.name
    const parts = partsOf(part)
    if (!parts) {
      const other = replace(part)
      replaced.add(other)
      return other
    }
    if (depth === DEEPEST) throw damaged(`its values are nested ${DEEPEST} levels deep, or one contains itself`)
    const entries = parts as Record<string | number, unknown>
    for (const key of Array.isArray(parts) ? parts.keys() : Object.keys(parts)) entries[key] = visit(entries[key], depth + 1)
    if (part instanceof PythonDict) onDict(part, parts)
    return parts
  }
  return visit(value, 0)
}
