/** Decodes the bytes of a table: gzip, character encodings, Parquet. Rejects other file types by name. */
import { fail } from './column.ts'

/** The text of a table, with notes on its encoding. */
export interface TableText {
  readonly text: string
  readonly notes: readonly string[]
}

/** File types that are not tables: their first bytes as Latin-1 text, and a description. */
const OTHERS: readonly (readonly [start: string, what: string])[] = [
  ['\xd0\xcf\x11\xe0', 'an old Excel workbook (.xls); save the sheet as CSV'],
  ['%PDF-', 'a PDF'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  ['SQLite format 3\0', 'an SQLite database; export the table as CSV'],
  ['ARROW1', 'an Arrow (Feather) file; save it as Parquet or CSV'],
  ['\x89HDF', 'an HDF5 file; save the table as CSV'],
  ['\x93NUMPY', 'a NumPy array (.npy); save it as CSV'],
  ['\x28\xb5\x2f\xfd', 'zstd-compressed; decompress it, or use gzip'],
  ['BZh9', 'bzip2-compressed; decompress it, or use gzip'],
  ['\xfd7zXZ\0', 'xz-compressed; decompress it, or use gzip'],
  ['7z\xbc\xaf', 'a 7z archive; extract the table'],
  ['RDX', 'an R data file; save the table with write.csv'],
  ['<stata_dta>', 'a Stata file (.dta); export it as CSV'],
  ['$FL', 'an SPSS file (.sav); export it as CSV'],
]

/** Returns the type of a file that is not a table; undefined for a table. */
function otherName(head: string): string | undefined {
  if (head.startsWith('PK\x03\x04')) {
    if (/\bxl\/|\[Content_Types\]\.xml/.test(head)) return 'an Excel workbook; save the sheet as CSV'
    if (head.includes('opendocument.spreadsheet')) return 'an OpenDocument spreadsheet; save the sheet as CSV'
    return 'a zip archive; extract the table'
  }
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart()
  if (/^<(?:!doctype\s+html|html)/i.test(text)) return 'an HTML page'
  if (/^<\?xml/i.test(text)) return 'an XML file'
  if (head.startsWith('\x80') && head.charCodeAt(1) >= 2 && head.charCodeAt(1) <= 5) return 'a Python pickle; save the table as CSV'
  return OTHERS.find(([start]) => head.startsWith(start))?.[1]
}

/** Bytes that identify a file type. An Excel workbook names its parts in the first few kilobytes. */
const HEAD = 8192

/** Limit of bytes in a file: V8's longest string. */
const LONGEST = 2 ** 29 - 24

/**
 * Decodes a table's bytes: UTF-8, UTF-16 with or without a byte order mark, else Windows-1252; gzip of these; Parquet, as JSON lines.
 *
 * @throws `data-invalid` with the file type if the bytes are not a table
 */
export async function decodeTable(bytes: Uint8Array): Promise<TableText> {
  const head = latin1(bytes.subarray(0, HEAD))
  if (head.startsWith('\x1f\x8b')) {
    const inner = await gunzip(bytes)
    if (latin1(inner.subarray(0, 2)) === '\x1f\x8b') fail('the file is gzip-compressed twice')
    return decodeTable(inner)
  }
  if (head.startsWith('PAR1')) {
    const { parquetLines } = await import('./parquet.ts')
    return { text: await parquetLines(bytes), notes: [] }
  }
  const other = otherName(head)
  if (other) fail(`the file is ${other}`)
  return decodeText(bytes, head)
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      chunks.push(next.value)
      size += next.value.length
      if (size > LONGEST) break
    }
  } catch {
    fail('the gzip-compressed file is damaged')
  }
  if (size > LONGEST) fail(`the gzip-compressed file must unpack to at most ${LONGEST} bytes`)
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Returns the encoding of UTF-16 text: from its byte order mark, or from the zeros in ASCII characters. */
function utf16Of(head: string): 'utf-16le' | 'utf-16be' | undefined {
  if (head.startsWith('\xff\xfe')) return 'utf-16le'
  if (head.startsWith('\xfe\xff')) return 'utf-16be'
  const zeros = [0, 0]
  for (let i = 0; i < head.length; i++) if (head[i] === '\0') zeros[i % 2]!++
  if (zeros[1]! > head.length / 4 && zeros[0] === 0) return 'utf-16le'
  return zeros[0]! > head.length / 4 && zeros[1] === 0 ? 'utf-16be' : undefined
}

function decodeText(bytes: Uint8Array, head: string): TableText {
  if (bytes.length > LONGEST) fail(`the file must have at most ${LONGEST} bytes, got ${bytes.length}`)
  const wide = utf16Of(head)
  if (wide) {
    const text = new TextDecoder(wide).decode(bytes)
    return { text, notes: [`the file is read as ${wide.toUpperCase()}`] }
  }
  if (bytes.subarray(0, HEAD).some((byte) => byte < 9 || (byte > 13 && byte < 27))) fail('the file is binary data, not a table')
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), notes: [] }
  } catch {
    const text = new TextDecoder('windows-1252').decode(bytes)
    return { text, notes: ['the file is not UTF-8 and is read as Windows-1252 (Latin-1)'] }
  }
}
