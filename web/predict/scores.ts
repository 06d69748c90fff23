/** Scores for the page. */
import { scoreLine, worstClasses } from '../../host/report/scores.ts'
import type { Scores } from '../../host/tables/scores.ts'
import type { ShownScores } from './messages.ts'

/** Larger confusion tables help nobody. */
const MOST_CLASSES = 20

export function shownScores(scores: Scores, target: string, classes: readonly string[] = []): ShownScores {
  const line = scoreLine(scores, target)
  if (!('confusion' in scores)) return { lines: [line] }
  const { confusion } = scores
  return classes.length > MOST_CLASSES ? { lines: [line, worstClasses(confusion, classes)] } : { lines: [line], confusion }
}
