/** Reads Parquet files with hyparquet, as JSON lines. */
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { fail } from './column.ts'

/**
 * Converts a Parquet file to JSON lines, one object per row. Dates become ISO strings, and integers beyond 2^53 are rounded to float64.
 *
 * @throws `data-invalid` if the file is damaged, or has a compression or encoding that hyparquet does not support
 */
export async function parquetLines(bytes: Uint8Array): Promise<string> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  try {
    const metadata = parquetMetadata(file)
    const rows = await parquetReadObjects({ file, metadata, compressors })
    return rows.map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value))).join('\n')
  } catch (error) {
    return fail(`the Parquet file cannot be read: ${(error as Error).message}`)
  }
}
