/** Scores of a table's model as text for a terminal. */
import { METRICS } from '../compare/rows.ts'
import { counted, shownCount, shownMetric, shownNumber } from '../compare/shown.ts'
import type { RowScores } from '../tables/predictions.ts'
import type { Scores } from '../tables/scores.ts'
import { aligned } from './terminal.ts'

/** Maximum number of classes in a confusion matrix, so that it fits a terminal. */
const MOST_CLASSES = 12

/** Returns the scores as a line; for values in the unit of the target. */
export function scoreLine(scores: Scores, target: string): string {
  if ('mae' in scores) return `MAE ${shownNumber(scores.mae)}, RMSE ${shownNumber(scores.rmse)} (in the unit of ${target})`
  return `balanced accuracy ${shownMetric('accuracy', scores.balancedAccuracy)}, log loss ${shownNumber(scores.logLoss)}`
}

/** Returns the scores as lines: for classes with a confusion table. */
export function scoreLines(scores: Scores, target: string, classes: readonly string[] = []): string[] {
  const line = scoreLine(scores, target)
  return 'mae' in scores ? [line] : [line, ...confusionLines(scores.confusion, target, classes)]
}

/** Returns the metric of predicted rows, and the number of rows with an unknown class. `rows`: number of all rows. */
export function rowMetricLines({ scores, known, unknown }: RowScores, rows: number): string[] {
  const among = known < rows ? ` (${known} of ${rows} have a target)` : ''
  const [metric, value] = 'mae' in scores ? [METRICS.regression, scores.r2] : [METRICS.classification, scores.accuracy]
  return [
    // Equal targets have no variance to explain.
    ...(Number.isFinite(value) ? [`${metric} on these rows ${shownMetric(metric, value)}${among}`] : []),
    ...(unknown ? [`${unknown} rows have a class that the model does not know; they count as wrong`] : []),
  ]
}

function confusionLines(confusion: readonly (readonly number[])[], target: string, classes: readonly string[]): string[] {
  if (classes.length > MOST_CLASSES) return [worstClasses(confusion, classes)]
  const rows = confusion.map((counts, c) => [`  ${classes[c]}`, ...counts.map((count) => shownCount(count))])
  const head = [`${target} (rows: actual, columns: predicted)`]
  return [...head, ...aligned([['', ...classes], ...rows], `l${'r'.repeat(classes.length)}`, 2)]
}

/** Returns the classes with the fewest correct predictions, where the table would be too large. */
export function worstClasses(confusion: readonly (readonly number[])[], classes: readonly string[]): string {
  const recalls = confusion.flatMap((counts, c) => {
    const rows = counts.reduce((a, b) => a + b, 0)
    return rows ? [{ name: classes[c]!, right: counts[c]!, rows }] : []
  })
  const worst = recalls.sort((a, b) => a.right / a.rows - b.right / b.rows).slice(0, 5)
  return `lowest: ${worst.map(({ name, right, rows }) => `${name} (${right} of ${counted(rows, 'row')})`).join(', ')}`
}
