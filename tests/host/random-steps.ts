/** Random steps of optimizers, and clipping. */
import * as downhill from '../../host/index.ts'
import type { Call, Draw } from './draw.ts'
import { everyRule, variants } from './every-rule.ts'

type Parameter = downhill.Parameter
type Shape = readonly number[]

/** Gives parameters gradients, and returns them. */
function withGradients(params: Parameter[], numbers: readonly number[]): Parameter[] {
  let at = 0
  for (const parameter of params) {
    parameter.grad = Float64Array.from({ length: parameter.size }, () => numbers[at++ % numbers.length]!)
  }
  return params
}

export function clip(d: Draw): Call {
  const [numbers, normType] = [d.numbers(997), d.of(0, 1, 2, 3, Number.POSITIVE_INFINITY)]
  return {
    shapes: [d.shape(1, 3, 70_000), d.shape(), d.shape(0, 1)],
    run: (_, params) => {
      withGradients(params, numbers)
      const total = downhill.clipGradNorm(params, 1.5, { normType, errorIfNonfinite: true })
      downhill.clipGradValue(params, 0.01)
      return [Float64Array.of(total), ...params.map(({ grad }) => grad!)]
    },
  }
}

/** Takes three steps of an optimizer. */
function steps(d: Draw, create: (params: Parameter[]) => downhill.Optimizer<any>, shapes: Shape[]): Call {
  const numbers = d.numbers(997, -1, 1)
  return {
    shapes,
    run: (_, params) => {
      const optimizer = create(params)
      for (let step = 0; step < 3; step++) {
        withGradients(params, numbers.slice(100 * step))
        optimizer.step(() => 0)
      }
      const state = Object.values(optimizer.stateDict().state).flatMap((own) => Object.values(own))
      const arrays = state.flatMap((value) => (typeof value === 'object' && value && 'data' in value ? [value.data as downhill.View] : []))
      optimizer.dispose()
      return [...params.map(({ data }) => data.slice()), ...arrays]
    },
  }
}

const dense = everyRule.filter(({ rule }) => rule.sparse !== 'only')

export function rule(d: Draw): Call {
  const { Class, rule: own } = d.of(...dense)
  const options = d.of(...variants(own))
  return steps(
    d,
    (params) => new Class(params, options),
    Array.from({ length: d.int(1, 5) }, () => d.shape(0, 3, 2000)),
  )
}

const matrices = (d: Draw) => Array.from({ length: d.int(1, 3) }, () => [d.int(2, 40), d.int(2, 40)])

export function muon(d: Draw): Call {
  return steps(d, (params) => new downhill.Muon(params), matrices(d))
}

export function adafactor(d: Draw): Call {
  return steps(d, (params) => new downhill.Adafactor(params), [...matrices(d), [d.size(90)], [2, d.int(2, 9), d.int(2, 9)]])
}

export function lbfgs(d: Draw): Call {
  return steps(d, (params) => new downhill.LBFGS(params, { maxIter: 3, lr: 0.1 }), [d.shape(1, 3, 40_000), d.shape(1, 2, 90)])
}

export function sparse(d: Draw): Call {
  const [rows, width] = [d.int(1, 30), d.size(90)]
  const taken = Array.from({ length: 3 }, () => d.indices(d.int(1, 20), rows))
  const numbers = d.numbers(20 * width)
  return {
    shapes: [[rows, width]],
    run: (_, [x]) => {
      const optimizer = new downhill.SparseAdam([x!])
      for (const indices of taken) {
        x!.grad = { indices, values: numbers.slice(0, indices.length * width) }
        optimizer.step()
      }
      optimizer.dispose()
      return [x!.data.slice()]
    },
  }
}
