/** Baselines that a model must beat: the most frequent class or the mean, and a linear model on the same features. */
import { add, mul } from '../autograd/arithmetic.ts'
import { mseLoss } from '../autograd/losses.ts'
import { sum } from '../autograd/reductions.ts'
import { crossEntropy } from '../autograd/softmax.ts'
import type { Arena } from '../memory/arena.ts'
import { Linear } from '../nn/layers.ts'
import { Generator } from '../numerics/random.ts'
import { LBFGS } from '../optim/lbfgs.ts'
import type { Dataset } from './dataset.ts'
import { Batch, EVALUATION_ROWS, metricOf } from './perceptron.ts'

/** Metrics on the test rows: accuracies, or R². */
export interface Baselines {
  /** Predicts the most frequent class of the training rows. */
  readonly majority?: number
  /** Predicts the mean of the training rows. */
  readonly mean?: number
  /** Logistic or linear regression. */
  readonly linear: number
}

/** Limit of training rows for the linear model, which is fitted in one batch. */
const MOST_ROWS = 20_000

/** Iterations of LBFGS. */
const ITERATIONS = 100

/** Returns the baselines of a table's data set. */
export function baselinesOf(arena: Arena, data: Dataset): Baselines {
  const linear = linearMetric(arena, data)
  const { test, train } = data.split
  if (data.classes) {
    const counts = new Int32Array(data.classes.length)
    for (const row of train) counts[data.targets[row]!]!++
    const most = counts.indexOf(Math.max(...counts))
    return { majority: test.reduce((right, row) => right + Number(data.targets[row] === most), 0) / test.length, linear }
  }
  // Targets are standardized over the training rows, so their mean is 0.
  const values = Array.from(test, (row) => data.targets[row]!)
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const spread = values.reduce((a, b) => a + (b - mean) * (b - mean), 0)
  return { mean: 1 - values.reduce((a, b) => a + b * b, 0) / spread, linear }
}

/** Fits a linear model by LBFGS, with the penalty ‖W‖²/2n of scikit-learn's logistic regression, and returns its metric. */
function linearMetric(arena: Arena, data: Dataset): number {
  const width = data.featureNames.length
  const rows = data.split.train.subarray(0, MOST_ROWS)
  const model = new Linear(arena, width, data.classes?.length ?? 1, { generator: new Generator(0) })
  const optimizer = new LBFGS(model.parameters(), { lineSearchFn: 'strong_wolfe', maxIter: ITERATIONS })
  const taken = new Batch(data, Math.max(rows.length, EVALUATION_ROWS))
  for (const parameter of model.parameters()) parameter.data.fill(0)
  try {
    optimizer.step(() =>
      arena.frame(() => {
        optimizer.zeroGrad()
        const { x, y } = taken.take(arena, rows, 0, rows.length)
        const output = model.forward(x)
        const loss = data.classes ? crossEntropy(output, y) : mseLoss(output, arena.tensor(y, [rows.length, 1]))
        const whole = add(loss, mul(sum(mul(model.weight, model.weight)), 0.5 / rows.length))
        whole.backward()
        return whole.item()
      }),
    )
    return metricOf(arena, data, model, data.split.test, taken)
  } finally {
    optimizer.dispose()
    for (const parameter of model.parameters()) parameter.dispose()
  }
}
