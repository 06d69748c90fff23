/** `downhill predict` */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import Papa from 'papaparse'
import { METRICS } from '../compare/rows.ts'
import { shownMetric } from '../compare/shown.ts'
import { read } from '../io/checkpoint.ts'
import { isDict } from '../io/dict.ts'
import { Arena } from '../memory/arena.ts'
import { scoreLines } from '../report/scores.ts'
import type { Cell } from '../tables/column.ts'
import { TableModel } from '../tables/model.ts'
import { classScores, valueScores } from '../tables/scores.ts'
import { readCells } from '../tables/table.ts'
import { decodeTable } from '../tables/text.ts'
import { check } from '../validation/errors.ts'
import { namingFile, readBytes } from './data.ts'
import { checkFolder, writeAll } from './files.ts'

const usage = `downhill predict MODEL   predict the rows of a table with a model of downhill train --save or compare --save

  MODEL                  the checkpoint
  --data FILE            the rows: CSV, TSV, JSON, JSON lines or Parquet, also gzip-compressed
  --out FILE.csv         output file for the predictions, in the order of the rows (default: standard output)
  --probabilities        also write a column "probability CLASS" for each class
  --no-header            the file has no header line; its columns are called column 1, column 2 …

Columns are matched by name; additional ones are ignored. If the target is among them, the predictions are scored.
`

/** Predictions of a table, and their scores if the table has the target. */
interface Predicted {
  readonly csv: string
  readonly rows: number
  readonly scores: readonly string[]
}

function predicted(model: TableModel, text: string, header: boolean, withProbabilities: boolean): Predicted {
  const { names, rows, lines } = readCells(text, { header })
  model.checkColumns(names)
  const place = (row: number) => `line ${lines[row]}`
  const columnOf = (name: string): readonly Cell[] => {
    const c = names.indexOf(name)
    return rows.map((row) => row[c]!)
  }
  const outputs = model.outputs({ columns: model.columns.map(columnOf), place })
  const predictions = model.decode(outputs)
  const probabilities = withProbabilities ? model.distribution(outputs) : undefined
  const fields = ['prediction', ...(probabilities ? model.classes!.map((name) => `probability ${name}`) : [])]
  const data = predictions.map((prediction, row) => [prediction, ...(probabilities?.[row] ?? [])])
  const csv = `${Papa.unparse({ fields, data }, { newline: '\n' })}\n`
  const scores = names.includes(model.target) ? scored(model, outputs, columnOf(model.target), place) : []
  return { csv, rows: rows.length, scores }
}

/** Returns the scores of the rows that have a target. */
function scored(model: TableModel, outputs: Float32Array, cells: readonly Cell[], place: (row: number) => string): string[] {
  const targets = model.targetValues(cells, place)
  const known = [...targets.keys()].filter((row) => !Number.isNaN(targets[row]!))
  const { classes } = model
  const among = known.length < cells.length ? ` (${known.length} of ${cells.length} have a target)` : ''
  if (known.length < 1) return []
  const actual = known.map((row) => targets[row]!)
  if (!classes) {
    const predictions = model.decode(outputs) as number[]
    const scores = valueScores(
      known.map((row) => predictions[row]!),
      actual,
    )
    return [
      `${METRICS.regression} on these rows ${shownMetric(METRICS.regression, scores.r2)}${among}`,
      ...scoreLines(scores, model.target),
    ]
  }
  const chosen = Float32Array.from({ length: known.length * classes.length }, (_, i) => {
    const row = known[Math.floor(i / classes.length)]!
    return outputs[row * classes.length + (i % classes.length)]!
  })
  const scores = classScores(chosen, actual, classes.length)
  const unknown = actual.filter((target) => target < 0).length
  return [
    `accuracy on these rows ${shownMetric('accuracy', scores.accuracy)}${among}`,
    ...(unknown ? [`${unknown} rows have a class that is unknown to the model; they count as wrong`] : []),
    ...scoreLines(scores, model.target, classes),
  ]
}

/** Returns whether the model's training table had a header line. */
function hadHeader(bytes: Uint8Array): boolean {
  const { run } = read(bytes)
  return !(isDict(run) && isDict(run.source) && run.source.header === false)
}

/** Throws if the output would overwrite an input. */
function checkOut(out: string, inputs: readonly string[]): void {
  const isInput = existsSync(out) && inputs.some((input) => realpathSync(input) === realpathSync(out))
  check(!isInput, 'option-range', `--out must not be an input file, got ${out}`)
  checkFolder(dirname(out), [basename(out)])
}

export async function predictCommand(args: string[]): Promise<number> {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { data: text, out: text, probabilities: flag, 'no-header': flag, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const [file, ...others] = positionals
  check(
    file !== undefined && !others.length,
    'option-range',
    'exactly one checkpoint must be given, as in downhill predict MODEL --data FILE',
  )
  check(values.data !== undefined, 'option-range', '--data FILE, the rows to predict, must be given')
  const { data, out } = values
  const bytes = readBytes(file)
  const source = { data, target: '' }
  const tableBytes = readBytes(data)
  if (out !== undefined) checkOut(out, [file, data])
  const arena = await Arena.create()
  const model = await namingFile({ data: file, target: '' }, () => new TableModel(arena, bytes))
  const header = values['no-header'] ? false : hadHeader(bytes)
  const { csv, rows, scores } = await namingFile(source, async () => {
    const { text, notes } = await decodeTable(tableBytes)
    for (const note of notes) process.stderr.write(`note: ${note}\n`)
    return predicted(model, text, header, values.probabilities ?? false)
  })
  if (out === undefined) {
    process.stdout.write(csv)
    for (const line of scores) process.stderr.write(`${line}\n`)
    return 0
  }
  writeAll(dirname(out), { [basename(out)]: csv })
  process.stdout.write([`wrote ${rows} predictions of ${model.target} to ${out}`, ...scores, ''].join('\n'))
  return 0
}
