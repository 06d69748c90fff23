/** Every `code` a {@link DownhillError} can carry, with what it means. The documentation's table is made from this. */
export const errorCodes = {
  'option-unknown': 'an option that does not exist, probably misspelt',
  'option-range': 'an option whose value is outside its range or of the wrong type',
  'params-empty': 'an optimizer or group without parameters',
  'params-invalid': 'something else where a parameter was expected, or a parameter given twice',
  'shape-mismatch': 'shapes or lengths that do not fit',
  'dtype-mismatch': 'element types that do not fit',
  'state-mismatch': 'a state dict that does not fit the optimizer or model it is loaded into',
  'gradient-nonfinite': 'gradients whose norm is NaN or infinite, where that was to be an error',
  'label-range': 'a class label outside the classes',
  'out-of-memory': 'the arena may not, or cannot, grow as far as needed',
  disposed: 'use of an arena or tensor after dispose()',
  'frame-ended': 'use of a tensor after its frame has ended',
  'frame-missing': 'an operation outside arena.frame()',
  'frame-async': 'an asynchronous function given to arena.frame()',
  'backward-invalid': 'a backward pass from something that has no gradient, is no scalar, or was already passed through',
  'runtime-unsupported': 'a runtime that lacks WebAssembly SIMD or refuses to compile the module',
  'file-invalid': 'a file that is damaged, or is not of the kind it was taken for',
  'file-unsupported': 'a file that holds what is not read: a class or function outside of the allowed ones, complex numbers',
  'file-failed': 'a file that could not be read or written: not there, no permission, no room',
  'data-invalid': 'a table that cannot be read: empty, ragged, with text where numbers stand, or without the target',
} as const

/** One of the codes in {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** What this package throws: one sentence with the name, the value and the range, thrown before anything was changed. */
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

/** Throws unless `condition` holds. The message is a function where making it costs something. */
export function check(condition: boolean, code: ErrorCode, message: string | (() => string)): asserts condition {
  if (!condition) throw new DownhillError(code, typeof message === 'string' ? message : message())
}

/** A value as an error message shows it, on one line and never long: it may have come out of a file. */
export function shown(value: unknown, depth = 0): string {
  const cut = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
  if (typeof value === 'string') return `'${printable(cut(value))}'`
  if (typeof value === 'bigint') return `${cut(String(value))}n`
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`
  if (Array.isArray(value)) {
    if (depth === 2) return '[…]'
    const entries = value.slice(0, 6).map((entry) => shown(entry, depth + 1))
    return `[${entries.join(', ')}${value.length > 6 ? ', …' : ''}]`
  }
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return `an object (${Object.getPrototypeOf(value)?.constructor.name ?? 'no class'})`
  return String(value)
}

/** A text without what would move a terminal's cursor, end a line or turn the writing direction. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => `\\u${letter.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

/** The candidate nearest to a misspelt name, by edit distance, if one is near enough to be meant. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const distance = (a: string, b: string): number => {
    let row = [0, ...b].map((_, i) => i)
    for (const letter of a) {
      const next = [row[0]! + 1]
      for (const [j, other] of [...b].entries()) next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === other ? 0 : 1)))
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
