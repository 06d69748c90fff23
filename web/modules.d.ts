/** The package's version, inserted by the build. */
declare const VERSION: string

declare module '*/program.mjs' {
  /** Returns the hash of each optimizer's runs. @param csv the text of digits.csv */
  export function hashes(csv: string): Promise<Record<string, string>>
}

/** MathML, typeset by the build (equations.mjs). */
declare module 'virtual:equations' {
  /** Equations of each optimizer and scheduler by name, one `<math>` element each. */
  export const equations: Readonly<Record<string, readonly string[]>>
  /** Symbols by torch's state keys and by the names of the page's other values. */
  export const symbols: Readonly<Record<string, string>>
}

declare module '*/equations.mjs' {
  /** Maps each optimizer and scheduler to the MathML of its declared equations. */
  export function declaredEquations(): Promise<Record<string, string[]>>
  /** Returns a `<math>` element. */
  export function mathml(latex: string): string
}

declare module '*/terms.mjs' {
  import type { Options } from 'minisearch'
  /** Options of the MiniSearch index. */
  export const indexOptions: Options
  /** Splits text into words. */
  export function words(text: string): string[]
  /** Returns a word's terms: all of it, then its parts. */
  export function termsOf(word: string): string[]
}

declare module 'virtual:first-screen' {
  export const example: string
  export const figures: readonly { readonly label: string; readonly value: string; readonly source: string; readonly href: string }[]
}
