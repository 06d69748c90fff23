/** Checks values from a pickle, where an object may have several parents, and in a hostile file contain itself. */
import { isPlain } from './dict.ts'
import { damaged } from './pickle-machine.ts'

/** Maximum nesting of values, and maximum number, with shared values counted at each parent. */
const DEEPEST = 100
const MOST_VALUES = 2 ** 20

/**
 * Replaces values for which `replace` returns another, in place. Checks that the value is finite: nothing contains itself, and it is not
 * deeper or larger than a checkpoint may be.
 *
 * @throws `file-invalid`
 */
export function settled(value: unknown, replace: (leaf: object) => unknown): unknown {
  const replaced = new Set<unknown>()
  let count = 0
  const visit = (part: unknown, depth: number): unknown => {
    if (++count > MOST_VALUES) throw damaged(`it has more than ${MOST_VALUES} values`)
    if (typeof part !== 'object' || part === null || replaced.has(part)) return part
    if (!Array.isArray(part) && !isPlain(part)) {
      const other = replace(part)
      replaced.add(other)
      return other
    }
    if (depth === DEEPEST) throw damaged(`its values are nested ${DEEPEST} deep, or one contains itself`)
    const entries = part as Record<string | number, unknown>
    for (const key of Array.isArray(part) ? part.keys() : Object.keys(part)) entries[key] = visit(entries[key], depth + 1)
    return part
  }
  return visit(value, 0)
}
