/** The result of a training run as text. */
import { METRICS } from '../compare/rows.ts'
import { counted, shownMetric } from '../compare/shown.ts'
import type { Training } from '../compare/training.ts'
import type { Dataset } from '../tables/dataset.ts'

/** Returns two lines: the data, the model and the epochs; and the metric on the test rows. */
export function trainedLines(training: Training, data: Dataset): readonly [about: string, metric: string] {
  const { model, settings, progress, epochsWithoutGain } = training
  const { optimizer, epochs } = settings
  const parameters = [...model.parameters()].reduce((sum, { size }) => sum + size, 0)
  const done = progress.curve.length
  const early = done < epochs ? `${done} of ${epochs} epochs, the last ${epochsWithoutGain} without improvement` : counted(done, 'epoch')
  const metric = METRICS[data.task]
  return [
    `${data.name}: ${data.rows} rows, ${data.featureNames.length} features; ${parameters} parameters; ${optimizer}, ${early}`,
    `${metric} on test rows ${shownMetric(metric, training.test())}, with the weights of epoch ${progress.best?.epoch}`,
  ]
}
