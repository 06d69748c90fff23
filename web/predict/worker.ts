/** The worker of the view "Predict": it reads files, trains, and predicts. */
import type { TableSource } from '../../host/compare/report.ts'
import { hadHeader } from '../../host/compare/saved-run.ts'
import { Arena } from '../../host/memory/arena.ts'
import { rowMetricLines } from '../../host/report/scores.ts'
import type { Row } from '../../host/tables/index.ts'
import { TableModel } from '../../host/tables/model.ts'
import { type Predictions, predictionsCsv, predictTable } from '../../host/tables/predictions.ts'
import { naming } from '../../host/validation/naming.ts'
import { bytesOf, factsOf, type OwnTable, tableOf } from '../table.ts'
import type { Ask, ShownScores, Tell, Trained } from './messages.ts'
import { shownScores } from './scores.ts'
import { type Running, train } from './training.ts'

/** The current model, and the checkpoint that holds it. */
interface Current {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly model: TableModel
}

/** The page shows this many of the predicted rows. */
const FIRST_ROWS = 10

const arena = Arena.create({ threads: 'auto' })
let table: OwnTable | undefined
let running: Running | undefined
let current: Current | undefined
let predicted: { readonly name: string; readonly predictions: Predictions } | undefined

function tell(message: Tell): void {
  postMessage(message)
}

/** Returns a file's name without its extension. */
function stem(name: string): string {
  return name.replace(/(\.\w+)?(\.gz)?$/i, '') || name
}

async function readTrainingTable(file: File): Promise<void> {
  const read = await tableOf(file)
  const facts = await factsOf(read)
  table = read
  tell({ tell: 'table', ...facts })
}

async function use(name: string, bytes: Uint8Array<ArrayBuffer>, trained?: Trained): Promise<void> {
  const space = await arena
  const model = await naming(name, () => new TableModel(space, bytes))
  current?.model.dispose()
  current = { name, bytes, model }
  predicted = undefined
  const { target, classes, fields } = model
  tell({ tell: 'model', name, target, classes, fields, trained })
}

async function trainOn(given: OwnTable, { target, task }: Extract<Ask, { ask: 'train' }>): Promise<void> {
  const mine = { isCanceled: false }
  running = mine
  const source: TableSource = { data: given.name, target, ...(task && { task }) }
  const done = await train(given, source, mine, tell)
  if (done) await use(given.name, done.bytes, done.trained)
  else tell({ tell: 'canceled' })
}

function predictRow({ model }: Current, row: Row): void {
  const [value] = model.predict([row])
  const [probabilities] = model.classes ? model.probabilities([row]) : []
  tell({ tell: 'row', value: value!, probabilities })
}

function scoresOf({ target, classes }: TableModel, { scored, values }: Predictions): ShownScores | undefined {
  if (!scored) return undefined
  const scores = shownScores(scored.scores, target, classes)
  return { ...scores, lines: [...rowMetricLines(scored, values.length), ...scores.lines] }
}

async function predictRows({ model, bytes }: Current, file: File): Promise<void> {
  const { name, text, notes } = await tableOf(file)
  const predictions = await naming(name, () => predictTable(model, text, { header: hadHeader(bytes) }))
  predicted = { name, predictions }
  const { values, columns } = predictions
  const first = values.slice(0, FIRST_ROWS).map((value, row) => ({ value, cells: columns.map((cells) => String(cells[row] ?? '')) }))
  tell({ tell: 'rows', name, rows: values.length, notes: [...notes, ...predictions.notes], first, scores: scoresOf(model, predictions) })
}

/** Returns the model. A message that needs one comes only after it was told. */
function model(): Current {
  if (!current) throw new Error('Train a model or choose a checkpoint first.')
  return current
}

async function answer(message: Ask): Promise<void> {
  if (!isSecureContext) throw new Error('Checksums need https: or this machine (localhost); open the page there.')
  switch (message.ask) {
    case 'table':
      return readTrainingTable(message.file)
    case 'train':
      if (!table) throw new Error('Choose a table first.')
      return trainOn(table, message)
    case 'cancel':
      if (running) running.isCanceled = true
      return
    case 'checkpoint':
      return use(message.file.name, (await bytesOf(message.file)) as Uint8Array<ArrayBuffer>)
    case 'row':
      return predictRow(model(), message.row)
    case 'rows':
      return predictRows(model(), message.file)
    case 'saveModel': {
      const { name, bytes } = model()
      return tell({ tell: 'file', name: `${stem(name)}.checkpoint`, type: 'application/octet-stream', bytes })
    }
    case 'savePredictions': {
      const { name, predictions } = predicted!
      const bytes = new TextEncoder().encode(predictionsCsv(model().model, predictions))
      return tell({ tell: 'file', name: `${stem(name)}-predictions.csv`, type: 'text/csv', bytes })
    }
  }
}

addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  answer(data).catch((error: unknown) => tell({ tell: 'failed', message: error instanceof Error ? error.message : String(error) }))
})
