/** Values as they come out of a pickle: what is there twice is one object, and a hostile one may contain itself. */
import { isPlain } from './dict.ts'
import { damaged } from './pickle-reader.ts'

/** How deep values may be nested, and how many there may be if those that are there twice are counted twice. */
const DEEPEST = 100
const MOST_VALUES = 2 ** 21

interface Extent {
  readonly size: number
  readonly height: number
}

const LEAF: Extent = { size: 1, height: 0 }

/**
 * Replaces what `replace` gives something else for, in place, and makes sure that the value can be walked through: that nothing contains
 * itself, and that it is neither deeper nor larger than what a checkpoint holds.
 *
 * @throws `file-invalid`
 */
export function settled(value: unknown, replace: (leaf: object) => unknown): unknown {
  const extents = new Map<object, Extent | undefined>()
  const visit = (part: unknown, depth: number): [part: unknown, extent: Extent] => {
    if (typeof part !== 'object' || part === null) return [part, LEAF]
    if (!Array.isArray(part) && !isPlain(part)) return [replace(part), LEAF]
    if (extents.has(part)) {
      const known = extents.get(part)
      if (!known) throw damaged('a value in it contains itself')
      return [part, known]
    }
    extents.set(part, undefined)
    let size = 1
    let height = 0
    const entries = part as Record<string | number, unknown>
    for (const key of Array.isArray(part) ? part.keys() : Object.keys(part)) {
      if (depth === DEEPEST) throw deep()
      const [entry, extent] = visit(entries[key], depth + 1)
      entries[key] = entry
      size += extent.size
      height = Math.max(height, extent.height + 1)
      if (height > DEEPEST) throw deep()
      if (size > MOST_VALUES) throw damaged(`it stands for more than ${MOST_VALUES} values`)
    }
    const extent = { size, height }
    extents.set(part, extent)
    return [part, extent]
  }
  return visit(value, 0)[0]
}

function deep() {
  return damaged(`its values are nested more than ${DEEPEST} deep`)
}
