/** Text of objects with children, in torch's format for modules: name(fields), then one child per line. */
import { shown } from '../validation/errors.ts'

const MOST_LINES = 50

/** Returns `name=value, …` for the fields that are numbers, strings, true, or arrays of these. */
export function fieldsText(fields: object): string {
  const isShort = (value: unknown): boolean => /^(number|string)$/.test(typeof value) || value === true
  const entries = Object.entries(fields).filter(([, value]) =>
    Array.isArray(value) ? value.length && value.every(isShort) : isShort(value),
  )
  return entries.map(([name, value]) => `${name}=${shown(value)}`).join(', ')
}

/** Returns `name(fields)` with indented children. Equal neighbors share a line. Lines beyond a screen are omitted. */
export function treeText(name: string, fields: string, children: readonly (readonly [key: string, text: string])[]): string {
  const lines: string[] = []
  for (let i = 0; i < children.length; ) {
    const [key, text] = children[i]!
    const first = i
    while (children[i]?.[1] === text) i++
    const head = i - first > 1 ? `(${key}-${children[i - 1]![0]}): ${i - first} x ` : `(${key}): `
    lines.push(...(head + text).split('\n'))
  }
  const more = lines.length - MOST_LINES
  if (more > 0) lines.splice(MOST_LINES, more, `… ${more} more lines`)
  return `${name}(${[fields, ...lines].join('\n  ')}${lines.length ? '\n' : ''})`
}
