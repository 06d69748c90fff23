/** The package's version, which the build fills in. */
declare const VERSION: string

declare module '*/programme.mjs' {
  /** The hash of each optimizer's runs, from the text of digits.csv. */
  export function hashes(csv: string): Promise<Record<string, string>>
}
