/** Optimizers and schedules of the view "Surfaces", with their initial options. */
import * as downhill from '../../host/index.ts'
import type { Declared } from '../../host/validation/options.ts'
import { parseExpression } from './expression.ts'

/** The given options by name. */
export type Given = Readonly<Record<string, unknown>>

interface Described {
  readonly declaration: {
    readonly name: string
    readonly options: Declared
    readonly paper?: string
  }
}

type OptimizerClass = Described & (new (params: downhill.Parameter[], options: object) => downhill.AnyOptimizer)
type ScheduleClass = Described & (new (optimizer: downhill.AnyOptimizer, options: object) => downhill.LRScheduler)

interface OptimizerEntry {
  readonly made: OptimizerClass
  readonly shape: readonly number[]
  /** Returns the initial options for a surface. `rate` is a stable learning rate of plain gradient descent there. */
  readonly start: (rate: number) => Given
}

const plain = (made: unknown, start: Given = {}): OptimizerEntry => ({ made: made as OptimizerClass, shape: [2], start: () => start })

export const optimizers: Readonly<Record<string, OptimizerEntry>> = {
  SGD: { ...plain(downhill.SGD), start: (rate) => ({ lr: rate, momentum: 0.9 }) },
  Adam: plain(downhill.Adam, { lr: 0.1 }),
  AdamW: plain(downhill.AdamW, { lr: 0.1 }),
  NAdam: plain(downhill.NAdam, { lr: 0.1 }),
  // The first steps of RAdam are plain gradient descent.
  RAdam: { ...plain(downhill.RAdam), start: (rate) => ({ lr: Math.min(0.1, rate * 10) }) },
  Adamax: plain(downhill.Adamax, { lr: 0.1 }),
  Adagrad: plain(downhill.Adagrad, { lr: 0.5 }),
  Adadelta: plain(downhill.Adadelta, { lr: 10 }),
  Adafactor: plain(downhill.Adafactor, { lr: 0.1 }),
  RMSprop: plain(downhill.RMSprop, { lr: 0.03 }),
  Rprop: plain(downhill.Rprop, { lr: 0.05 }),
  ASGD: { ...plain(downhill.ASGD), start: (rate) => ({ lr: rate * 2 }) },
  SparseAdam: plain(downhill.SparseAdam, { lr: 0.1 }),
  Muon: { ...plain(downhill.Muon, { lr: 0.05, weightDecay: 0 }), shape: [2, 1] },
  LBFGS: plain(downhill.LBFGS, { maxIter: 1, maxEval: 20, lineSearchFn: 'strong_wolfe' }),
}

interface ScheduleEntry {
  readonly made: ScheduleClass
  /** Returns the initial options for runs of so many steps at this learning rate. */
  readonly start: (steps: number, lr: number) => Given
}

const schedule = (made: unknown, start: (steps: number, lr: number) => Given): ScheduleEntry => ({ made: made as ScheduleClass, start })
const half = (steps: number) => Math.max(1, Math.round(steps / 2))
const quarter = (steps: number) => Math.max(1, Math.round(steps / 4))

export const schedules: Readonly<Record<string, ScheduleEntry>> = {
  StepLR: schedule(downhill.StepLR, (steps) => ({ stepSize: quarter(steps), gamma: 0.5 })),
  MultiStepLR: schedule(downhill.MultiStepLR, (steps) => ({ milestones: [quarter(steps), half(steps)], gamma: 0.5 })),
  ExponentialLR: schedule(downhill.ExponentialLR, () => ({ gamma: 0.99 })),
  CosineAnnealingLR: schedule(downhill.CosineAnnealingLR, (steps) => ({ tMax: steps })),
  CosineAnnealingWarmRestarts: schedule(downhill.CosineAnnealingWarmRestarts, (steps) => ({ t0: quarter(steps) })),
  OneCycleLR: schedule(downhill.OneCycleLR, (steps, lr) => ({ maxLr: lr, totalSteps: steps + 1, cycleMomentum: false })),
  CyclicLR: schedule(downhill.CyclicLR, (steps, lr) => ({ baseLr: lr / 10, maxLr: lr, stepSizeUp: quarter(steps), cycleMomentum: false })),
  LinearLR: schedule(downhill.LinearLR, (steps) => ({ totalIters: half(steps) })),
  PolynomialLR: schedule(downhill.PolynomialLR, (steps) => ({ totalIters: steps })),
  ConstantLR: schedule(downhill.ConstantLR, (steps) => ({ totalIters: quarter(steps) })),
  SWALR: schedule(downhill.SWALR, (steps, lr) => ({ swaLr: lr / 10, annealEpochs: half(steps) })),
  ReduceLROnPlateau: schedule(downhill.ReduceLROnPlateau, () => ({ factor: 0.5 })),
  LambdaLR: schedule(downhill.LambdaLR, () => ({ lrLambda: '1 / (1 + t/50)' })),
  MultiplicativeLR: schedule(downhill.MultiplicativeLR, () => ({ lrLambda: '0.99' })),
}

/** Options whose value is a function of the step, typed as an expression. */
export const functionsOfStep: ReadonlySet<string> = new Set(['lrLambda'])

/** Converts typed expressions to functions of the step. */
export function asFunctions(options: Given): Given {
  const made = ([name, value]: [string, unknown]) => {
    if (!functionsOfStep.has(name)) return [name, value]
    const { value: of } = parseExpression(String(value), ['t'])
    return [name, (step: number) => of([step])]
  }
  return Object.fromEntries(Object.entries(options).map(made))
}

/** Returns the options with a control: all but fixed ones, torch's choices of kernels, which have no effect, and functions. */
export function controlled(declared: Declared): string[] {
  const isOpen = (name: string) => {
    const { fixed, range, default: value } = declared[name]!
    const isKernels = range === 'true, false or null' || fixed
    return functionsOfStep.has(name) || !(isKernels || (range.startsWith('a function') && value === null))
  }
  return Object.keys(declared).filter(isOpen)
}
