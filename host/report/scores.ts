/** Scores of a table's model as text for a terminal. */
import { counted, shownCount, shownMetric, shownNumber } from '../compare/shown.ts'
import type { Scores } from '../tables/scores.ts'
import { aligned } from './terminal.ts'

/** Maximum number of classes in a confusion matrix, so that it fits a terminal. */
const MOST_CLASSES = 12

/** Returns the scores as lines: for classes with a confusion matrix, for values in the unit of the target. */
export function scoreLines(scores: Scores, target: string, classes: readonly string[] = []): string[] {
  if ('mae' in scores) return [`MAE ${shownNumber(scores.mae)}, RMSE ${shownNumber(scores.rmse)} (in the unit of ${target})`]
  const { balancedAccuracy, logLoss, confusion } = scores
  const line = `balanced accuracy ${shownMetric('accuracy', balancedAccuracy)}, log loss ${shownNumber(logLoss)}`
  return [line, ...confusionLines(confusion, target, classes)]
}

function confusionLines(confusion: readonly (readonly number[])[], target: string, classes: readonly string[]): string[] {
  if (classes.length > MOST_CLASSES) return [...worstClasses(confusion, classes)]
  const rows = confusion.map((counts, c) => [`  ${classes[c]}`, ...counts.map((count) => shownCount(count))])
  const head = [`${target} (rows: actual, columns: predicted)`]
  return [...head, ...aligned([['', ...classes], ...rows], `l${'r'.repeat(classes.length)}`, 2)]
}

/** Returns the classes with the fewest correct predictions, where the table would be too large. */
function worstClasses(confusion: readonly (readonly number[])[], classes: readonly string[]): string[] {
  const recalls = confusion.flatMap((counts, c) => {
    const rows = counts.reduce((a, b) => a + b, 0)
    return rows ? [{ name: classes[c]!, right: counts[c]!, rows }] : []
  })
  const worst = recalls.sort((a, b) => a.right / a.rows - b.right / b.rows).slice(0, 5)
  return [`lowest: ${worst.map(({ name, right, rows }) => `${name} (${right} of ${counted(rows, 'row')})`).join(', ')}`]
}
