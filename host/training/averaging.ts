/** Averages of a model's weights during training: SWA, EMA, or a custom function. */

import { noGrad } from '../autograd/recording.ts'
import { sameShape } from '../memory/shape.ts'
import { kernelsOf, type Tensor } from '../memory/tensor.ts'
import { Module, type SavedTensor } from '../nn/module.ts'
import type { StateTensor } from '../optimizer/state-dict.ts'
import { check, checkRange, DownhillError, isObject, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'

/** Updates a counter. `round` rounds to the model's element type, in which torch computes it. */
type Integer = (averaged: number, current: number, nAveraged: number, round: (x: number) => number) => number

/** Updates an averaged tensor from the current one. `nAveraged` is the number of updates so far. */
export interface AvgFn {
  (averaged: Tensor, current: Tensor, nAveraged: number): void
  /** Average of counters. The result is truncated to an integer. */
  readonly integer?: Integer
}

/** Updates all averaged tensors of an element type at once. */
export interface MultiAvgFn {
  (averaged: readonly Tensor[], current: readonly Tensor[], nAveraged: number): void
  /** Average of counters. The result is truncated to an integer. */
  readonly integer?: Integer
}

/** Returns an average of floats: averaged + weight·(current − averaged). */
function lerpWith(weight: (nAveraged: number) => number, integer: Integer): AvgFn {
  const average = (averaged: Tensor, current: Tensor, nAveraged: number) => {
    const kernels = kernelsOf(averaged)
    kernels.lerpTo(averaged.bytes, averaged.address, averaged.address, current.address, weight(nAveraged))
  }
  return Object.assign(average, { integer })
}

function forMany(one: AvgFn, integer: Integer | undefined = one.integer): MultiAvgFn {
  const average = (averaged: readonly Tensor[], current: readonly Tensor[], nAveraged: number) => {
    for (const [i, tensor] of averaged.entries()) one(tensor, current[i]!, nAveraged)
  }
  return integer ? Object.assign(average, { integer }) : average
}

/** Returns a function that averages all weights so far. */
export function getSwaAvgFn(): AvgFn {
  return lerpWith(
    (n) => 1 / (n + 1),
    (a, b, n, round) => round(a + round((b - a) / (n + 1))),
  )
}

/** Returns the function of `getSwaAvgFn` for many tensors. It throws for counters, as in torch. */
export function getSwaMultiAvgFn(): MultiAvgFn {
  return forMany(getSwaAvgFn(), () => {
    throw new DownhillError('dtype-mismatch', "getSwaMultiAvgFn: dtype must be 'float32' or 'float64', got 'int32'")
  })
}

/** Returns an exponential moving average: decay·averaged + (1 − decay)·current. The first update copies. */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  const fits = typeof decay === 'number' && decay >= 0 && decay <= 1
  checkRange(fits, 'getEmaAvgFn', 'decay', 'a number in [0, 1]', decay)
  return lerpWith(
    () => 1 - decay,
    (a, b, _, round) => round(round(a * round(decay)) + round(b * round(1 - decay))),
  )
}

/** Returns the function of `getEmaAvgFn` for many tensors. */
export function getEmaMultiAvgFn(decay = 0.999): MultiAvgFn {
  return forMany(getEmaAvgFn(decay))
}

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  /** Updates the average, tensor by tensor. Default: `getSwaAvgFn()`, the mean of all updates. */
  readonly avgFn?: AvgFn
  /** Updates all averaged tensors of an element type at once. Cannot be combined with `avgFn`. */
  readonly multiAvgFn?: MultiAvgFn
  /** Whether to average the buffers instead of copying them at each update. Default false. */
  readonly useBuffers?: boolean
}

/**
 * A copy of a model with averaged weights. The default function is the mean of all updates.
 *
 * @example
 * const model = new nn.Linear(arena, 2, 1)
 * const average = new downhill.AveragedModel(model, { avgFn: downhill.getEmaAvgFn(0.9) })
 * average.updateParameters(model)
 * average.nAveraged // 1
 */
export class AveragedModel<M extends Module> extends Module {
  /** The averaged model. */
  readonly module: M
  /** Number of updates. */
  nAveraged = 0
  readonly useBuffers: boolean
  readonly average: MultiAvgFn

  constructor(model: M, options: AveragedModelOptions = {}) {
    super()
    checkNames('AveragedModel', ['avgFn', 'multiAvgFn', 'useBuffers'], options)
    const { avgFn, multiAvgFn, useBuffers = false } = options
    checkRange(model instanceof Module, 'AveragedModel', 'model', 'a Module', model, 'params-invalid')
    for (const fn of [avgFn, multiAvgFn]) {
      const isFunction = fn === undefined || typeof fn === 'function'
      check(isFunction, 'option-range', () => `AveragedModel: avgFn and multiAvgFn must be functions, got ${shown(fn)}`)
    }
    checkRange(typeof useBuffers === 'boolean', 'AveragedModel', 'useBuffers', 'true or false', useBuffers)
    check(!(avgFn && multiAvgFn), 'option-range', 'AveragedModel: avgFn and multiAvgFn cannot be combined')
    this.average = multiAvgFn ?? forMany(avgFn ?? getSwaAvgFn())
    this.useBuffers = useBuffers
    this.module = model.clone()
  }

  forward(x: Tensor): Tensor {
    return this.module.forward(x)
  }

  /** @internal The averaged weights, preceded by `n_averaged` as in torch. */
  override *stateTensors(): Iterable<[string, StateTensor]> {
    yield ['n_averaged', { dtype: 'int32', shape: [], data: Int32Array.of(this.nAveraged) }]
    yield* super.stateTensors()
  }

  /** @internal */
  override prepareLoad(dict: Readonly<Record<string, SavedTensor>>, options: { readonly strict?: boolean } = {}): Commit {
    const { n_averaged: saved, ...rest } = dict ?? {}
    const count = saved?.data?.[0]
    const fits = Number.isSafeInteger(count) && count! >= 0
    check(
      fits || (saved === undefined && options.strict === false),
      'state-mismatch',
      () => `loadStateDict: n_averaged must be an integer ≥ 0, got ${shown(count)}`,
    )
    const load = super.prepareLoad(rest, options)
    return () => {
      load()
      if (fits) this.nAveraged = count!
    }
  }

  /** Updates the average with the model's weights. The first update copies them. */
  updateParameters(model: M): void {
    checkRange(model instanceof Module, 'updateParameters', 'model', 'a Module', model, 'params-invalid')
    const everything = (of: Module): Tensor[] => [...of.parameters(), ...of.buffers()]
    const [own, others] = [everything(this.module), everything(model)]
    const isSame = (a: Tensor, b: Tensor) => a.dtype === b.dtype && sameShape(a.shape, b.shape)
    const fits = own.length === others.length && own.every((tensor, i) => isSame(tensor, others[i]!))
    check(fits, 'state-mismatch', 'updateParameters: model must have the tensors of the averaged model')
    const tensors = (of: Module): Tensor[] => (this.useBuffers ? everything(of) : [...of.parameters()])
    const [averaged, current] = [tensors(this.module), tensors(model)]
    if (this.nAveraged === 0) for (const [i, tensor] of averaged.entries()) tensor.data.set(current[i]!.data)
    else {
      for (const dtype of ['int32', 'float32', 'float64'] as const) {
        const own = averaged.flatMap((tensor, i) => (tensor.dtype === dtype ? [i] : []))
        if (own.length)
          this.#update(
            own.map((i) => averaged[i]!),
            own.map((i) => current[i]!),
          )
      }
    }
    if (!this.useBuffers) {
      const buffers = [...model.buffers()]
      for (const [i, buffer] of [...this.module.buffers()].entries()) buffer.data.set(buffers[i]!.data)
    }
    this.nAveraged++
  }

  #update(averaged: readonly Tensor[], current: readonly Tensor[]): void {
    const { integer } = this.average
    if (averaged[0]!.dtype !== 'int32' || !integer) return this.average(averaged, current, this.nAveraged)
    const isSingle = [...this.module.parameters()][0]?.dtype !== 'float64'
    const round = isSingle ? Math.fround : (x: number) => x
    for (const [i, { data }] of averaged.entries()) {
      for (let k = 0; k < data.length; k++) data[k] = Math.trunc(integer(data[k]!, current[i]!.data[k]!, this.nAveraged, round))
    }
  }
}

/** A module whose batch statistics updateBn resets, such as nn.BatchNorm2d. */
interface HasBatchStatistics extends Module {
  momentum: number | null
  resetRunningStats(): void
}

function hasBatchStatistics(module: Module): module is HasBatchStatistics {
  return 'resetRunningStats' in module && 'momentum' in module
}

/**
 * Recomputes the running statistics of a model's batch normalizations as their mean over the batches, because the statistics of averaged
 * weights are not an average. The model is in training mode meanwhile. Models without batch normalization do not change.
 *
 * @param batches inputs of the model: tensors, or arrays whose first entry is one. A generator may create each in the frame that uses it
 * @example
 * const model = new nn.Sequential(new nn.Linear(arena, 2, 3), new nn.BatchNorm1d(arena, 3))
 * const average = new downhill.AveragedModel(model)
 * const x = arena.tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2])
 * downhill.updateBn([x], average)
 * average.module.layers[1].numBatchesTracked.item() // 1
 */
export function updateBn(batches: Iterable<Tensor | readonly [Tensor, ...unknown[]]>, model: Module): void {
  checkRange(model instanceof Module, 'updateBn', 'model', 'a Module', model, 'params-invalid')
  const isList = isObject(batches) && Symbol.iterator in batches
  checkRange(isList, 'updateBn', 'batches', 'a list', batches, 'params-invalid')
  const found = [...model.modules()].filter(hasBatchStatistics)
  if (!found.length) return
  const momenta = found.map(({ momentum }) => momentum)
  const modes = [...model.modules()].map((module) => [module, module.training] as const)
  const { arena } = [...model.parameters(), ...model.buffers()][0]!
  for (const module of found) {
    module.resetRunningStats()
    module.momentum = null
  }
  model.train()
  try {
    const iterator = batches[Symbol.iterator]()
    while (arena.frame(() => noGrad(arena, () => passed(iterator, model)))) {
      // Each batch gets its own frame.
    }
  } finally {
    for (const [i, module] of found.entries()) module.momentum = momenta[i]!
    for (const [module, mode] of modes) module.training = mode
  }
}

/** Passes the next batch through the model, if there is one. */
function passed(batches: Iterator<Tensor | readonly [Tensor, ...unknown[]]>, model: Module): boolean {
  const { value, done } = batches.next()
  if (!done) model.forward(Array.isArray(value) ? value[0] : value)
  return !done
}
