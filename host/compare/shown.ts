/** Formats numbers for people. */

/** Formats four digits: 0.9713, 1234000, 3e-5. */
export function shownNumber(value: number): string {
  const rounded = Number(value.toPrecision(4))
  const isSmall = rounded !== 0 && Math.abs(rounded) < 1e-4
  return (isSmall ? rounded.toExponential() : String(rounded)).replace(/^-/, '−')
}

/** Formats a count: 1,797. */
export function shownCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 })
}

/** Formats a metric without its unit: 97.4 for 97.4 %, or 0.8712. */
export function bareMetric(name: string, value: number): string {
  return name === 'accuracy' ? (100 * value).toFixed(1).replace(/^-/, '−') : shownNumber(value)
}

/** Formats a metric: 97.4 % or 0.8712; a dash for a failed run. */
export function shownMetric(name: string, value: number | null): string {
  if (value === null) return '–'
  return name === 'accuracy' ? `${bareMetric(name, value)} %` : bareMetric(name, value)
}

/** Formats a difference of metrics, for accuracies in percentage points. */
export function bareDifference(name: string, value: number): string {
  return name === 'accuracy' ? (100 * value).toFixed(2).replace(/^-/, '−') : shownNumber(value)
}

/** Formats a difference of metrics with its sign. */
export function shownDifference(name: string, value: number): string {
  return `${value > 0 ? '+' : ''}${bareDifference(name, value)}`
}

export function shownBytes(bytes: number): string {
  if (bytes === 0) return 'none'
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

export function shownSeconds(seconds: number): string {
  if (seconds < 0.0995) return `${Number((1000 * seconds).toPrecision(2))} ms`
  if (seconds < 9.95) return `${seconds.toFixed(2)} s`
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${shownCount(seconds / 60)} min`
}

/** Formats an option's value: 0.9, (0.9, 0.999), true. */
export function shownOption(value: unknown): string {
  if (typeof value === 'number') return shownNumber(value)
  if (Array.isArray(value)) return `(${value.map(shownOption).join(', ')})`
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

/** Formats a count with its noun: '1 epoch', '40 epochs'. */
export function counted(count: number, noun: string, show: (count: number) => string = String): string {
  return `${show(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Quotes an argument for a shell. */
export function quoted(argument: string): string {
  return /^[\w./,=:-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}

/** Capitalizes the first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Joins a list: Adam, SGD and Rprop. */
export function listed(names: readonly string[], last = 'and'): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`
}
