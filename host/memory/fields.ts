/** Hides an object's fields from `Object.keys`, `for in` and a browser's console. */
export function hideFields(object: object, names: readonly string[] = Object.keys(object)): void {
  for (const name of names) Object.defineProperty(object, name, { enumerable: false })
}
