/** Kind "torch-file": continues a checkpoint of the reference, and writes one for the reference to continue. */

import * as safetensors from '../io/safetensors.ts'
import * as torchFile from '../io/torch-file.ts'
import type { LRScheduler } from '../lr_scheduler/scheduler.ts'
import type { Arena } from '../memory/arena.ts'
import type { Parameter } from '../memory/tensor.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { isStateTensor, type StateTensor } from '../optimizer/state-dict.ts'
import type { FloatType } from '../wasm/wasm.ts'
import {
  type Beside,
  type Case,
  flat,
  type GroupSpec,
  type Judging,
  type Kind,
  largest,
  type Result,
  type Written,
  type WrittenGradient,
} from './format.ts'
import { judgeNumbers } from './judge.ts'
import { evaluate, type Objective } from './objective.ts'
import { makeOptimizer, setGradient } from './parts.ts'
import { makeScheduler, type SchedulerSpec, stepScheduler } from './scheduler.ts'

type Step = readonly WrittenGradient[]

interface TorchFileCase extends Case {
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly groups?: readonly GroupSpec[]
  readonly scheduler?: SchedulerSpec | null
  readonly names: readonly string[]
  readonly shapes: readonly (readonly number[])[]
  /** torch.save of the optimizer's state dict after step 10, or of a bundle; and the parameters at that step. */
  readonly file: string
  readonly safetensors: string
  readonly bundle?: boolean
  readonly initial_params: readonly (readonly Written[])[]
  readonly grads_1_to_10?: readonly Step[]
  readonly grads_11_to_20?: readonly Step[]
  readonly objective?: Objective
  /** The metrics of ReduceLROnPlateau. */
  readonly metrics_1_to_10?: readonly number[]
  readonly metrics_11_to_20?: readonly number[]
  readonly params_after_10?: readonly unknown[]
  readonly params_rtol?: number
}

/** The step after which files are written, and the last step. */
const SAVED = 10
const LAST = 20

/** A run of a case. */
class Run {
  readonly params: readonly Parameter[]
  readonly optimizer: AnyOptimizer
  readonly scheduler: LRScheduler | undefined
  readonly #test: TorchFileCase
  #step = 0

  constructor(arena: Arena, test: TorchFileCase, isNamed: boolean) {
    this.#test = test
    this.params = test.shapes.map((shape, i) => arena.parameter(shape, { data: flat(test.initial_params[i]) }))
    const entries = isNamed ? this.params.map((parameter, i): [string, Parameter] => [test.names[i]!, parameter]) : this.params
    this.optimizer = makeOptimizer(test.optimizer, test.options, entries, test.groups)
    this.scheduler = test.scheduler ? makeScheduler(test.scheduler, this.optimizer) : undefined
  }

  /** Steps up to a given step, with the gradients from `grads` on. */
  to(last: number, grads: readonly Step[] | undefined): void {
    const first = this.#step
    for (; this.#step < last; this.#step++) {
      if (grads) {
        for (const [i, parameter] of this.params.entries()) setGradient(parameter, grads[this.#step - first]![i])
        this.optimizer.step()
      } else this.optimizer.step(() => evaluate(this.#test.objective!, this.params))
      this.#schedule()
    }
  }

  #schedule(): void {
    const { metrics_1_to_10: first, metrics_11_to_20: second } = this.#test
    const metric = this.#step < SAVED ? first?.[this.#step] : second?.[this.#step - SAVED]
    if (this.scheduler) stepScheduler(this.scheduler, metric === undefined ? {} : { metric })
  }

  /** Resumes from the files. A scheduler that the files lack is advanced by its steps. */
  load(file: Uint8Array, weights: Uint8Array): void {
    const { tensors } = safetensors.read(weights)
    for (const [i, name] of this.#test.names.entries()) this.params[i]!.data.set((tensors[name] as StateTensor).data)
    for (; this.#step < SAVED; this.#step++) if (!this.#test.bundle) this.#schedule()
    const { optimizer, scheduler } = this
    torchFile.load(file, this.#test.bundle ? { optimizer, ...(scheduler && { scheduler }) } : optimizer)
  }

  /** The contents of the reference's files. In a bundle a scheduler may be None. */
  saved(reference: unknown): { file: Uint8Array; weights: Uint8Array } {
    const { names, bundle } = this.#test
    const model = Object.fromEntries(this.params.map(({ dtype, shape, data }, i) => [names[i]!, { dtype, shape, data }]))
    const { optimizer, scheduler = null } = this
    const whole = { model, optimizer, ...('scheduler' in (reference as object) && { scheduler }), epoch: SAVED }
    return { file: torchFile.save(bundle ? whole : optimizer), weights: safetensors.write(model) }
  }
}

/** Whether the reference's optimizer stored parameter names. */
function hasNames(file: unknown): boolean {
  const found = file as { param_groups?: object[]; optimizer?: { param_groups?: object[] } }
  return (found.optimizer ?? found).param_groups?.some((group) => 'param_names' in group) ?? false
}

function run(arena: Arena, test: TorchFileCase, _dtype: FloatType, beside: Beside): Result {
  const file = beside.read(test.file)
  const reference = torchFile.read(file)
  const isNamed = hasNames(reference)
  const continued = new Run(arena, test, isNamed)
  continued.load(file, beside.read(test.safetensors))
  continued.to(LAST, test.grads_11_to_20)
  const begun = new Run(arena, test, isNamed)
  begun.to(SAVED, test.grads_1_to_10)
  const saved = begun.saved(reference)
  beside.emit(`${test.name}.pt`, saved.file)
  beside.emit(`${test.name}.safetensors`, saved.weights)
  return { params: { [LAST]: continued.params.map(({ data }) => data.slice()) }, lr: continued.optimizer.paramGroups.map(({ lr }) => lr) }
}

/** Returns a file's value without its numbers: keys, nesting, types and shapes. */
function form(value: unknown): unknown {
  if (isStateTensor(value)) return `${value.dtype} [${value.shape}]`
  if (Array.isArray(value)) return value.map(form)
  if (typeof value !== 'object' || value === null) return typeof value === 'number' ? 'number' : value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, form(entry)]),
  )
}

/** Returns the numbers of a file's value, in the order of its keys. */
function numbersIn(value: unknown): number[][] {
  if (typeof value === 'number') return [[value]]
  if (isStateTensor(value)) return [Array.from(value.data)]
  if (typeof value !== 'object' || value === null) return []
  return Object.keys(value)
    .sort()
    .flatMap((key) => numbersIn((value as Record<string, unknown>)[key]))
}

/** Tolerance relative to the largest number of a state tensor. It detects misplaced numbers; the steps that follow are compared exactly. */
const STATE = 1e-3

export const torchFileKind: Kind<TorchFileCase> = {
  dtypes: ['float32'],
  run,
  judge(test, _dtype, result, expected, j, beside) {
    const { params_after_20: after, lr_after_20: lr } = expected.float64
    const limit = test.params_rtol ?? expected.params_rtol ?? expected.judge?.params_rtol ?? Math.max(2 * expected.float32_error, 1e-6)
    const got = (result.params as Record<number, unknown[]>)[LAST]!
    const judgeParams = (what: string, own: readonly unknown[], want: readonly unknown[]) => {
      for (const [i, initial] of test.initial_params.entries()) {
        const scale = Math.max(largest([initial]), largest([test.params_after_10?.[i] ?? []]), largest([after[i]]))
        judgeNumbers(j, `${what}[${i}]`, own[i], want[i], scale, limit)
      }
    }
    judgeParams(`params[${LAST}]`, got, after)
    for (const [g, rate] of (lr ?? []).entries()) j.number(`lr[${g}]`, (result.lr as number[])[g], rate, Math.abs(rate), 1e-12)
    judgeWritten(test, j, beside, judgeParams)
  },
}

/** Compares the written files with the reference's: keys, nesting and values. */
function judgeWritten(
  test: TorchFileCase,
  j: Judging,
  beside: Beside,
  judgeParams: (what: string, own: readonly unknown[], want: readonly unknown[]) => void,
): void {
  const [own, reference] = [torchFile.read(beside.emitted(`${test.name}.pt`)), torchFile.read(beside.read(test.file))]
  j.same(`${test.name}.pt: keys and shapes`, form(own), form(reference))
  if (test.optimizer !== 'LBFGS') {
    const wanted = numbersIn(reference)
    for (const [i, numbers] of numbersIn(own).entries()) {
      const scale = largest(wanted[i] ?? [])
      judgeNumbers(j, `${test.name}.pt: number ${i}`, numbers, wanted[i] ?? [], scale || 1, STATE)
    }
  }
  const { tensors } = safetensors.read(beside.emitted(`${test.name}.safetensors`))
  const weights = test.names.map((name) => Array.from(tensors[name]!.data as Float32Array))
  if (test.params_after_10) judgeParams(`${test.name}.safetensors`, weights, test.params_after_10)
}
