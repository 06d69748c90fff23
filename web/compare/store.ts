/** Stores comparisons for a returning visitor: files of the origin private file system, if the browser has one. */
import { readFile, writeFile } from '../../host/io/opfs.ts'
import type { Summary } from './messages.ts'

const FOLDER = 'compare'
const at = (name: string) => `${FOLDER}/${name}`

/** A stored comparison. */
export interface Stored {
  /** The text of unfinished.json, as the command writes it. */
  readonly unfinished: string
  readonly summary: Summary
}

const bytes = (text: string) => new TextEncoder().encode(text)

async function textOf(name: string): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await readFile(at(name)))
  } catch {
    return undefined
  }
}

/** Stores a table, which does not change during a comparison. */
export async function keepTable(text: string): Promise<void> {
  await writeFile(at('table'), bytes(text))
}

/** Writes the summary last, because it states that everything else exists. */
export async function keep({ unfinished, summary }: Stored): Promise<void> {
  await writeFile(at('unfinished.json'), bytes(unfinished))
  await writeFile(at('summary.json'), bytes(JSON.stringify(summary)))
}

/** Returns the summary of a stored comparison. */
export async function keptSummary(): Promise<Summary | undefined> {
  const text = await textOf('summary.json')
  return text === undefined ? undefined : (JSON.parse(text) as Summary)
}

export async function kept(): Promise<{ readonly unfinished: string; readonly table: string | undefined } | undefined> {
  const unfinished = await textOf('unfinished.json')
  return unfinished === undefined ? undefined : { unfinished, table: await textOf('table') }
}

export async function forget(): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory()
    await root.removeEntry(FOLDER, { recursive: true })
  } catch {
    // Nothing was stored.
  }
}
