/** `downhill predict` */
import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { hadHeader } from '../compare/saved-run.ts'
import { counted } from '../compare/shown.ts'
import { Arena } from '../memory/arena.ts'
import { rowMetricLines, scoreLines } from '../report/scores.ts'
import { TableModel } from '../tables/model.ts'
import { predictionsCsv, predictTable } from '../tables/predictions.ts'
import { decodeTable } from '../tables/text.ts'
import { check } from '../validation/errors.ts'
import { naming } from '../validation/naming.ts'
import { readBytes } from './data.ts'
import { checkFolder, writeAll } from './files.ts'

const usage = `downhill predict MODEL   predict the rows of a table with a model of downhill train --save or compare --save

  MODEL                  the checkpoint
  --data FILE            the rows: CSV, TSV, JSON, JSON lines or Parquet, also gzip-compressed
  --out FILE.csv         output file for the predictions, in the order of the rows (default: standard output)
  --probabilities        also write a column "probability CLASS" for each class
  --no-header            the file has no header line; its columns are called column 1, column 2 …

Columns are matched by name; additional ones are ignored. If the target is among them, the predictions are scored.
`

/** Throws if the output would replace an input. */
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
  const tableBytes = readBytes(data)
  if (out !== undefined) checkOut(out, [file, data])
  const arena = await Arena.create()
  const model = await naming(file, () => new TableModel(arena, bytes))
  const header = values['no-header'] ? false : hadHeader(bytes)
  const { csv, rows, notes, scores } = await naming(data, async () => {
    const { text, notes } = await decodeTable(tableBytes)
    const predictions = predictTable(model, text, { header })
    const { scored, values: predicted } = predictions
    return {
      csv: predictionsCsv(model, predictions, values.probabilities),
      rows: predicted.length,
      notes: [...notes, ...predictions.notes],
      scores: scored ? [...rowMetricLines(scored, predicted.length), ...scoreLines(scored.scores, model.target, model.classes)] : [],
    }
  })
  for (const note of notes) process.stderr.write(`note: ${note}\n`)
  if (out === undefined) {
    process.stdout.write(csv)
    for (const line of scores) process.stderr.write(`${line}\n`)
    return 0
  }
  writeAll(dirname(out), { [basename(out)]: csv })
  process.stdout.write([`wrote ${counted(rows, 'prediction')} of ${model.target} to ${out}`, ...scores, ''].join('\n'))
  return 0
}
