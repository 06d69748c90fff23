/** Values as they come out of a pickle, in which one object may be at several places, and in a hostile one within itself. */
import { isPlain } from './dict.ts'
import { damaged } from './pickle-machine.ts'

/** How deep values may be nested, and how many there may be if those at several places are counted at each. */
const DEEPEST = 100
const MOST_VALUES = 2 ** 20

/**
 * Replaces what `replace` gives something else for, in place, and makes sure that the value can be walked through: that nothing contains
 * itself, and that it is neither deeper nor larger than what a checkpoint holds.
 *
 * @throws `file-invalid`
 */
export function settled(value: unknown, replace: (leaf: object) => unknown): unknown {
  const replaced = new Set<unknown>()
  let count = 0
  const visit = (part: unknown, depth: number): unknown => {
    if (++count > MOST_VALUES) throw damaged(`it stands for more than ${MOST_VALUES} values`)
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
