/** Predictions of a table model, which must have the same bits in every runtime. Imports no runtime-specific modules. */
import { loadTableModel } from 'downhill/tables'

const pick = (i, ...values) => values[(i * 7919) % values.length]

/** Rows with every kind of column: decimal commas, percent, texts, booleans, dates. */
export const rows = Array.from({ length: 300 }, (_, i) => ({
  area: `${40 + ((i * 37) % 160)},${i % 10}`,
  share: `${(i * 13) % 100} %`,
  heating: pick(i, 'gas', 'oil', 'wood', ''),
  garden: pick(i, 'yes', 'no', 'no'),
  sold: `${1 + (i % 28)}.${1 + (i % 12)}.2023`,
  kind: (i * 37) % 160 > 80 ? 'house' : pick(i, 'flat', 'room', 'flat', 'flat', 'room'),
}))

/** The rows as a table. */
export const csv = [Object.keys(rows[0]), ...rows.map((row) => Object.values(row))].map((cells) => cells.join(';')).join('\n')

/** Loads a model and predicts the rows. Returns classes and probabilities as text, with every digit. */
export async function predictions(bytes) {
  const model = await loadTableModel(bytes)
  const text = JSON.stringify([model.columns, model.predict(rows), model.probabilities(rows)])
  model.dispose()
  return text
}
