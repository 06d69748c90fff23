// Reads torch files from stdin, each preceded by its length in 4 bytes, and prints a line of JSON for each: its value, or the error.
import { createHash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { DownhillError } from '../../dist/index.js'
import { torchFile } from '../../dist/io.js'

const float = new DataView(new ArrayBuffer(8))

/** Returns a value in the form that values.py gives to torch's. */
function formOf(value) {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number') {
    float.setFloat64(0, value)
    return { float: Number.isNaN(value) ? 'nan' : float.getBigUint64(0).toString(16) }
  }
  if (Array.isArray(value)) return value.map(formOf)
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') }
  if (ArrayBuffer.isView(value.data) && Array.isArray(value.shape)) {
    const { dtype, shape, data } = value
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return { tensor: dtype, shape, bits: createHash('sha1').update(bytes).digest('hex') }
  }
  return { dict: Object.entries(value).map(([key, entry]) => [key, formOf(entry)]) }
}

function result(bytes) {
  try {
    return { value: formOf(torchFile.read(bytes)) }
  } catch (error) {
    return error instanceof DownhillError ? { error: `${error.code}: ${error.message}` } : { bug: `${error.stack}` }
  }
}

/** Reads so many bytes; undefined at the end. */
function take(length) {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    let count
    try {
      count = readSync(0, bytes, at, length - at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      continue
    }
    if (!count) return undefined
    at += count
  }
  return bytes
}

for (let head = take(4); head; head = take(4)) {
  const line = Buffer.from(`${JSON.stringify(result(take(new DataView(head.buffer).getUint32(0, true))))}\n`)
  for (let at = 0; at < line.length; ) at += writeSync(1, line, at)
}
