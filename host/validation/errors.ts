/** Every `code` of a {@link DownhillError}, with its meaning. The documentation's table is generated from this. */
export const errorCodes = {
  'option-unknown': 'an option that does not exist, usually misspelled',
  'option-range': 'an option with a value out of its range, or of the wrong type',
  'params-empty': 'an optimizer or group without parameters',
  'params-invalid': 'a value that is not a parameter, tensor or arena where one must be, or a parameter that appears twice',
  'shape-mismatch': 'shapes or lengths that do not match',
  'dtype-mismatch': 'element types that do not match',
  'state-mismatch': 'a state dict that does not match the optimizer or model it is loaded into',
  'gradient-nonfinite': 'gradients with a NaN or infinite norm, with `errorIfNonfinite`',
  'label-range': 'a class label outside the classes',
  'out-of-memory': 'memory that the arena may not use (`maximumBytes`), or that the runtime does not grant',
  disposed: 'use of an arena, tensor or optimizer after `dispose()`',
  'frame-ended': 'use of a tensor after its frame ended',
  'frame-missing': 'an operation outside `arena.frame()`',
  'frame-async': 'an asynchronous function passed to `arena.frame()`',
  'backward-invalid': 'a backward pass from a tensor that has no gradient, is not a scalar, or was passed through before',
  'thread-failed': 'a thread of the arena that ended during its work, or that did not return',
  'runtime-unsupported':
    'a runtime without WebAssembly SIMD, one that refuses to compile the module, or one without shared memory or workers for `threads`',
  'file-invalid': 'a file that is damaged, or of another format',
  'file-unsupported': 'a file with contents that are not supported: classes or functions that are not allowed, complex numbers',
  'file-failed': 'a file that could not be read or written: missing, no permission, no space',
  'data-invalid': 'a table that could not be read: empty, ragged, text among numbers, or no target column',
} as const

/** One of the codes in {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** The error that this package throws, before anything changes: one sentence with the name, the range and the value. */
export class DownhillError extends Error {
  /** 'DownhillError'. */
  override readonly name = 'DownhillError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Throws unless `condition` holds. The message may be a function, so that it is built only when it is needed. */
export function check(condition: boolean, code: ErrorCode, message: string | (() => string)): asserts condition {
  if (!condition) throw new DownhillError(code, typeof message === 'string' ? message : message())
}

/** Throws unless `holds`: `by: name must be range, got value`. */
export function checkRange(
  holds: boolean,
  by: string,
  name: string,
  range: string,
  value: unknown,
  code: ErrorCode = 'option-range',
): asserts holds {
  check(holds, code, () => `${by}: ${name} must be ${range}, got ${shown(value)}`)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Returns a value as errors show it: on one line and short, because it may come from a file. */
export function shown(value: unknown, depth = 0): string {
  const cut = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
  if (typeof value === 'string') return `'${printable(cut(value))}'`
  if (Array.isArray(value)) {
    if (depth === 2) return '[…]'
    const entries = value.slice(0, 6).map((entry) => shown(entry, depth + 1))
    return `[${entries.join(', ')}${value.length > 6 ? ', …' : ''}]`
  }
  if (typeof value === 'function') return 'a function'
  if (!isObject(value)) return cut(String(value))
  const name = Object.getPrototypeOf(value)?.constructor?.name || 'Object'
  return name === 'Object' ? 'an object' : `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`
}

/** Escapes characters that would move a terminal's cursor, end a line, or reverse the writing direction. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => `\\u${letter.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

/** Returns the candidate nearest to a misspelled name by edit distance, if one is near enough. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const distance = (a: string, b: string): number => {
    let row = [0, ...b].map((_, i) => i)
    for (const letter of a) {
      const next = [row[0]! + 1]
      for (let j = 0; j < b.length; j++) next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + Number(letter !== b[j])))
      row = next
    }
    return row.at(-1)!
  }
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase()
  const isStart = (candidate: string) => name.length > 2 && plain(candidate).startsWith(plain(name))
  const near = candidates
    .map((candidate) => ({ candidate, far: isStart(candidate) ? 1 : distance(plain(name), plain(candidate)) }))
    .filter(({ candidate, far }) => far <= Math.max(2, candidate.length / 3) && far < plain(name).length)
  return near.sort((a, b) => a.far - b.far)[0]?.candidate
}
