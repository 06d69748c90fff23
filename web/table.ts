/** Reads the visitor's files in a worker. */
import { sha256Of } from '../host/compare/bundled.ts'
import { readTable } from '../host/tables/table.ts'
import { decodeTable, type TableText } from '../host/tables/text.ts'
import { naming } from '../host/validation/naming.ts'

/** A table's text, what was guessed about its encoding, and the hash of its file. */
export interface OwnTable extends TableText {
  readonly name: string
  readonly sha256: string
}

/** A table: its columns, with their numbers of distinct values. */
export interface TableFacts {
  readonly name: string
  readonly rows: number
  readonly columns: readonly { readonly name: string; readonly kind: 'number' | 'date' | 'text'; readonly different: number }[]
}

/** Reads a file's bytes. */
export async function bytesOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    throw new Error(`${file.name} could not be read: ${(error as Error).message}`)
  }
}

/** Reads a table like the command. Errors begin with the file's name. */
export async function tableOf(file: File): Promise<OwnTable> {
  const bytes = await bytesOf(file)
  return naming(file.name, async () => ({ name: file.name, ...(await decodeTable(bytes)), sha256: await sha256Of(bytes) }))
}

/** Returns the columns of a table. Errors begin with the file's name. */
export async function factsOf({ name, text }: OwnTable): Promise<TableFacts> {
  const { columns, rows } = await naming(name, () => readTable(text))
  const facts = columns.map((column) => {
    const { name, kind } = column
    return { name, kind, different: kind === 'text' ? column.categories.length : new Set(column.values).size }
  })
  return { name, rows, columns: facts }
}
