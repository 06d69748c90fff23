/** Tables as people have them: what each form becomes, or the sentence that it gives. */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeTable, readTable } from '../../host/compare/index.ts'
import { thrown } from './thrown.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

/** What a column holds: its numbers, its dates as days, or its texts. */
function contents(text: string, options = {}) {
  const { columns, notes } = readTable(text, options)
  const cells = columns.map((column) =>
    column.kind === 'text' ? Array.from(column.codes, (code) => column.categories[code] ?? null) : Array.from(column.values),
  )
  return { names: columns.map(({ name }) => name), kinds: columns.map(({ kind }) => kind).join(), cells, notes }
}

/** A column of these cells, in a file whose other column does not matter. */
function column(cells: readonly string[]) {
  const { kinds, cells: read, notes } = contents(['x\tother', ...cells.map((cell) => `${cell}\ta`)].join('\n'))
  return { kind: kinds.split(',')[0], values: read[0], notes }
}

const missing = Number.NaN

describe('numbers', () => {
  it.each<[form: string, cells: string[], values: number[], note: string | undefined]>([
    ['decimal commas', ['1.234,50', '2,5', '-3'], [1234.5, 2.5, -3], "x: numbers such as '1.234,50' are read as 1234.5"],
    ['thousands commas', ['1,234.50', '2', '3'], [1234.5, 2, 3], "x: numbers such as '1,234.50' are read as 1234.5"],
    ['millions', ['1,234,567', '2', '3'], [1234567, 2, 3], "x: numbers such as '1,234,567' are read as 1234567"],
    ['Indian groups', ['12,34,567', '1', '2'], [1234567, 1, 2], "x: numbers such as '12,34,567' are read as 1234567"],
    [
      'leading zeros that rule out thousands',
      ['0,125', '1,250', '3,5'],
      [0.125, 1.25, 3.5],
      "x: numbers such as '0,125' are read as 0.125",
    ],
    ['spaces', ['1 234,5', '2\u00a0000', '3'], [1234.5, 2000, 3], "x: numbers such as '1 234,5' are read as 1234.5"],
    ['apostrophes', ["1'234.5", '2', '3'], [1234.5, 2, 3], "x: numbers such as '1'234.5' are read as 1234.5"],
    ['percent', ['12%', '13.5 %', '-4%'], [12, 13.5, -4], "x: numbers such as '13.5 %' are read as 13.5"],
    ['a currency before', ['$1,234.50', '$20', '-$3'], [1234.5, 20, -3], "x: numbers such as '$1,234.50' are read as 1234.5"],
    ['a currency behind', ['1.000,00 €', '3,50 €', '4 €'], [1000, 3.5, 4], "x: numbers such as '1.000,00 €' are read as 1000"],
    ['a currency by its code', ['USD 12', 'USD 1.5', 'USD 3'], [12, 1.5, 3], "x: numbers such as 'USD 1.5' are read as 1.5"],
    ['accounting parentheses', ['(1,234.50)', '20', '3'], [-1234.5, 20, 3], "x: numbers such as '(1,234.50)' are read as -1234.5"],
    ['a Unicode minus', ['\u22125', '3', '4'], [-5, 3, 4], "x: numbers such as '\u22125' are read as -5"],
    ['exponents', ['1e-3', '2E5', '.5'], [0.001, 200000, 0.5], undefined],
    ['infinities', ['inf', '-Infinity', '3'], [missing, missing, 3], 'x: 2 infinite values (lines 2, 3), treated as empty'],
    ['empty cells', ['', 'NA', '#N/A', '3', '-', '-nan'], [missing, missing, missing, 3, missing, missing], undefined],
  ])('with %s', (_, cells, values, note) => {
    expect(column(cells)).toEqual({ kind: 'number', values, notes: note ? [note] : [] })
  })

  it('that could have decimals or thousands follow the rest of the file', () => {
    const unsure = ['1,234', '2,345', '999']
    expect(column(unsure)).toEqual({
      kind: 'number',
      values: [1234, 2345, 999],
      notes: ["x: numbers such as '1,234' are read as 1234; the comma could also be a decimal separator"],
    })
    const semicolons = contents(['a;b', ...unsure.map((cell) => `${cell};x`)].join('\n'))
    expect(semicolons.cells[0]).toEqual([1.234, 2.345, 999])
    const beside = contents(['a\tb', ...unsure.map((cell) => `${cell}\t0,5`)].join('\n'))
    expect(beside.cells).toEqual([
      [1.234, 2.345, 999],
      [0.5, 0.5, 0.5],
    ])
  })

  it('such as 1.234 have thousands in a file with decimal commas', () => {
    const grouped = (others: string[]) => contents(['a;b;c', '1.234;2,5;x', `999;${others[0]};x`, `2.345;${others[1]};x`].join('\n'))
    const { cells, notes } = grouped(['0,5', '1,5'])
    expect(cells[0]).toEqual([1234, 999, 2345])
    expect(notes[0]).toBe("a: numbers such as '1.234' are read as 1234; the point could also be a decimal separator")
    expect(contents('a;b;c\n1.234;2,5;0.5\n2.345;3,5;1.5\n').cells[0]).toEqual([1.234, 2.345])
    expect(contents('[{"a": 1.234, "b": "2,5"}, {"a": 2.345, "b": "0,5"}]').cells[0]).toEqual([1.234, 2.345])
  })

  it.each([
    ['names with numbers', ['ABC 12', 'ABC 13', 'ABC 14']],
    ['two units', ['12 €', '13 $', '14 €', '15 $']],
    ['two notations', ['1.5', '2,5', '3.5', '4,5']],
    ['versions', ['1.2.3', '1.2.4', '1.3.0']],
  ])('are not read from %s', (_, cells) => {
    expect(column(cells).kind).toBe('text')
  })
})

describe('dates', () => {
  it.each<[form: string, cells: string[], values: number[], note: string | undefined]>([
    ['ISO', ['2024-01-31', '2024-02-01', '1969-12-31'], [19753, 19754, -1], undefined],
    [
      'ISO with times',
      ['2024-01-31T12:00:00Z', '2024-01-31 18:00', '2024-02-01T00:00+02:00'],
      [19753.5, 19753.75, 19754 - 1 / 12],
      undefined,
    ],
    [
      'zones without minutes',
      ['2024-01-31 12:00:00+00', '2024-01-31 12:00:00-06', '2024-01-31 18:00:00 UTC'],
      [19753.5, 19753.75, 19753.75],
      undefined,
    ],
    ['day first', ['31.01.2024', '1.2.2024'], [19753, 19754], "x: dates such as '31.01.2024' are read as 2024-01-31"],
    ['month first', ['01/31/2024', '2/1/2024'], [19753, 19754], "x: dates such as '01/31/2024' are read as 2024-01-31"],
    ['two-digit years', ['1/31/24', '2/1/99'], [19753, 10623], "x: dates such as '1/31/24' are read as 2024-01-31"],
    [
      'days and months that could be swapped',
      ['3/4/2024', '5/6/2024'],
      [19786, 19849],
      "x: dates such as '3/4/2024' are read as 2024-03-04; day and month could also be swapped",
    ],
  ])('with %s', (_, cells, values, note) => {
    expect(column(cells)).toEqual({ kind: 'date', values, notes: note ? [note] : [] })
  })

  it('that do not exist are an error', () => {
    const cells = ['2024-02-28', '2024-02-29', '2024-02-30', '2024-03-01', '2024-03-02']
    expect(thrown(() => column(cells)).message).toBe("line 4: '2024-02-30' in the column x must be a date like its other values")
  })
})

describe('a layout', () => {
  const two = {
    names: ['a', 'b'],
    kinds: 'number,number',
    cells: [
      [1, 3],
      [2, 4],
    ],
  }
  it.each<[form: string, text: string, notes: string[]]>([
    ['commas', 'a,b\n1,2\n3,4\n', []],
    ['semicolons', 'a;b\n1;2\n3;4\n', []],
    ['tabs and carriage returns', 'a\tb\r\n1\t2\r\n3\t4', []],
    ['pipes', 'a|b\n1|2\n3|4\n', []],
    ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n', []],
    ['comments', '# source: x\n# unit: y\na,b\n1,2\n3,4\n', ['2 comment lines before the header are skipped']],
    ['a header that is a comment', '#a,b\n1,2\n3,4\n', ['the # before the header is removed']],
    ['a trailing delimiter', 'a,b,\n1,2,\n3,4,\n', ['the delimiter at the end of each line is ignored']],
    ['a trailing delimiter in the rows', 'a,b\n1,2,\n3,4,\n', ['the delimiter at the end of each line is ignored']],
    ['blank lines and spaces', '\n a , b \n\n 1 , 2 \n3,4\n\n', []],
    ['quotes', '"a","b"\n"1","2"\n3,"4"\n', []],
    ['single quotes around names', "'a','b'\n1,2\n3,4\n", []],
    ['a JSON array', '[{"a": 1, "b": 2}, {"a": 3, "b": 4}]', []],
    ['JSON columns', '{"a": [1, 3], "b": [2, 4]}', []],
    ['JSON columns, as pandas writes them', '{"a": {"0": 1, "1": 3}, "b": {"0": 2, "1": 4}}', []],
    ['JSON lines', '{"a": 1, "b": 2}\n{"b": 4, "a": 3}\n', []],
    ["Excel's line with the delimiter", 'sep=;\na;b\n1;2\n3;4\n', []],
  ])('with %s is read', (_, text, notes) => {
    expect(contents(text)).toEqual({ ...two, notes })
  })

  it('with repeated and missing names gets distinct names', () => {
    const { names, notes } = contents('a,a,,a.1\n1,2,3,4\n')
    expect(names).toEqual(['a', 'a.2', 'column 3', 'a.1'])
    expect(notes).toEqual(["another column 'a' is called 'a.2'", 'column 3 has no name in the header'])
  })

  it('without a header has numbered columns', () => {
    expect(contents('1,2\n3,4\n', { header: false })).toEqual({ ...two, names: ['column 1', 'column 2'], notes: [] })
  })

  it('with row names, as R writes them, is read', () => {
    const { names, notes } = contents('"a","b"\n"r1",1,2\n"r2",3,4\n')
    expect(names).toEqual(['row', 'a', 'b'])
    expect(notes).toEqual(['the rows have one cell more than the header; the first cell is used as the name of the row'])
  })

  it('has the line number of each row', () => {
    const { lines } = readTable('# comment\nn,"t, u"\r\n1,"x\ny"\r\n\r\n2.5e1,""\r\n')
    expect(lines).toEqual([3, 6])
  })

  it('has the delimiter beside which commas are only within numbers', () => {
    const rows = ['1,5;2,5;x', '2,5;3,5;y', '3,5;4,5;z']
    const { cells } = contents(rows.join('\n'), { header: false })
    expect(cells).toEqual([
      [1.5, 2.5, 3.5],
      [2.5, 3.5, 4.5],
      ['x', 'y', 'z'],
    ])
  })

  it('has the delimiter of its complete lines, if the sample ends within one', () => {
    const wide = (value: string) => new Array(4000).fill(value).join(';')
    const { names } = contents(Array.from({ length: 5 }, () => wide('1,5')).join('\n'), { header: false })
    expect(names).toHaveLength(4000)
  })

  it('has NaN and Infinity of Python in JSON', () => {
    expect(contents('[{"a": NaN, "b": "NaN, Infinity"}, {"a": -Infinity, "b": "x"}, {"a": 1, "b": "x"}]').cells).toEqual([
      [missing, missing, 1],
      ['NaN, Infinity', 'x', 'x'],
    ])
    expect(contents('{"a": NaN}\n{"a": 2}\n').cells).toEqual([[missing, 2]])
  })

  it('has null, true and missing values in JSON', () => {
    expect(contents('[{"a": null, "b": true}, {"b": false}, {"a": 1}]').cells).toEqual([
      [missing, missing, 1],
      ['true', 'false', null],
    ])
  })

  it('of too many cells is an error before memory is spent on them', () => {
    const message = 'the table must have at most 67108864 cells'
    expect(thrown(() => readTable(`a,b\n${','.repeat(2 ** 26)}`))).toEqual({ code: 'data-invalid', message })
  }, 60_000)

  it.each([
    ['', 'the table is empty'],
    ['  \n\n', 'the table is empty'],
    ['a,b\n', 'the table has no rows below its header'],
    ['a,b\n1,2\n3\n', 'line 3 must have 2 cells like the header, got 1'],
    ['a,b\n1,2\n\n3,4,5\n', 'line 4 must have 2 cells like the header, got 3'],
    ['# c\na,b\n1,2\n3\n', 'line 4 must have 2 cells like the header, got 1'],
    ['a,b\n1,"2\n', 'line 2: quoted field unterminated'],
    ['a\n1\n2\n3\n4\nfive\n6\n', "line 6: 'five' in the column a must be a number like its other values"],
    ['a,b\n1%,2\n2%,2\n3%,2\n4%,2\n5,2\n', "line 6: '5' in the column a must be a number with % like its other values"],
    ['a,b\n1,2\n1,1e151\n', "line 3: '1e151' in the column b must be within ±1e+150"],
    ['[{"a": 1}, 2]', 'row 2 must be an object with a value for each column, got 2'],
    ['{"a": [1, 2], "b": [1]}', 'the column b must have 2 values like a, got 1'],
    ['{"a": 1}\nb\n', "line 2 must be a JSON object, got 'b'"],
    ['[]', 'the table has no rows'],
  ])('%j is an error', (text, message) => {
    expect(thrown(() => readTable(text))).toEqual({ code: 'data-invalid', message })
  })
})

describe('an encoding', () => {
  const text = 'name,x\nGrüße,1\n'
  const utf16 = (mark: number[], isLittle: boolean) =>
    Uint8Array.from([
      ...mark,
      ...Array.from(text).flatMap((letter) => {
        const code = letter.charCodeAt(0)
        return isLittle ? [code & 255, code >> 8] : [code >> 8, code & 255]
      }),
    ])

  it.each<[string, Uint8Array, string[]]>([
    ['UTF-8', utf8(text), []],
    ['UTF-8 with a mark', utf8(`\ufeff${text}`), []],
    ['UTF-16, little-endian', utf16([0xff, 0xfe], true), ['the file is read as UTF-16LE']],
    ['UTF-16, big-endian', utf16([0xfe, 0xff], false), ['the file is read as UTF-16BE']],
    ['UTF-16 without a mark', utf16([], true), ['the file is read as UTF-16LE']],
    ['Latin-1', Uint8Array.from(text, (letter) => letter.charCodeAt(0)), ['the file is not UTF-8 and is read as Windows-1252 (Latin-1)']],
    ['gzip', gzipSync(utf8(text)), []],
    ['gzip of UTF-16', gzipSync(utf16([0xff, 0xfe], true)), ['the file is read as UTF-16LE']],
  ])('%s is decoded', async (_, bytes, notes) => {
    const decoded = await decodeTable(bytes)
    expect(decoded.notes).toEqual(notes)
    expect(contents(decoded.text).cells).toEqual([['Grüße'], [1]])
  })

  it.each([
    ['PK\x03\x04\x14\0\x06\0[Content_Types].xml', 'an Excel workbook; save the sheet as CSV'],
    ['PK\x03\x04table.csv', 'a zip archive; extract the table'],
    ['\xd0\xcf\x11\xe0\xa1\xb1', 'an old Excel workbook (.xls); save the sheet as CSV'],
    ['%PDF-1.7', 'a PDF'],
    ['\x89PNG\r\n', 'a PNG image'],
    ['SQLite format 3\0', 'an SQLite database; export the table as CSV'],
    ['<!DOCTYPE html><html>', 'an HTML page'],
    ['<?xml version="1.0"?>', 'an XML file'],
    ['\x80\x04\x95', 'a Python pickle; save the table as CSV'],
    ['\x93NUMPY\x01', 'a NumPy array (.npy); save it as CSV'],
    ['\x28\xb5\x2f\xfd', 'zstd-compressed; decompress it, or use gzip'],
    ['ARROW1\0\0', 'an Arrow (Feather) file; save it as Parquet or CSV'],
    ['\x01\x02\x03\x04', 'binary data, not a table'],
  ])('%j is called what it is', async (start, what) => {
    const bytes = Uint8Array.from(start, (letter) => letter.charCodeAt(0))
    await expect(decodeTable(bytes)).rejects.toThrow(`the file is ${what}`)
  })

  it('of a damaged gzip file is an error', async () => {
    const whole = gzipSync(utf8(text.repeat(100)))
    for (const bytes of [whole.subarray(0, 40), Uint8Array.from(whole, (byte, i) => (i === 30 ? byte ^ 255 : byte))])
      await expect(decodeTable(bytes)).rejects.toThrow('the gzip-compressed file is damaged')
    await expect(decodeTable(gzipSync(whole))).rejects.toThrow('the file is gzip-compressed twice')
  })
})

describe('Parquet', () => {
  const read = (compression: string) => readFileSync(new URL(`../files/table.${compression}.parquet`, import.meta.url))

  it.each(['snappy', 'zstd', 'gzip', 'brotli', 'lz4'])('with %s is read', async (compression) => {
    const { text } = await decodeTable(read(compression))
    expect(contents(text)).toEqual({
      names: ['id', 'x', 'day', 'at', 'kind', 'flag'],
      kinds: 'number,number,date,date,text,text',
      cells: [
        [1, 2, 3],
        [1.5, missing, -2.25],
        [19753, 19754, missing],
        [19753.5, missing, 19754],
        ['a', 'b', 'a'],
        ['true', 'false', null],
      ],
      notes: [],
    })
  })

  it('that is damaged is an error', async () => {
    const bytes = read('snappy')
    for (const damaged of [
      bytes.subarray(0, 200),
      Uint8Array.from(bytes, (byte, i) => (i > 4 && i < bytes.length - 8 ? byte ^ 0x55 : byte)),
    ])
      await expect(decodeTable(damaged)).rejects.toThrow(/^the Parquet file cannot be read: /)
  })
})
