/** Kind "training": a complete training run of a model in training mode. */
import type { Arena } from '../memory/arena.ts'
import type { Tensor } from '../memory/tensor.ts'
import { clipGradNorm } from '../training/clip.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { type Case, flat, type GroupSpec, type Kind, largest, type Result, Unsupported, type WrittenTensor } from './format.ts'
import { lossFunctions } from './function.ts'
import { judgeColumns, judgeNumbers, judgeSeries, paramLimit, stepLimits } from './judge.ts'
import { type LayerSpec, makeModel } from './layers.ts'
import { makeOptimizer } from './parts.ts'
import { grouped, makeScheduler, type SchedulerSpec } from './scheduler.ts'

type Named = Readonly<Record<string, WrittenTensor>>

interface TrainingCase extends Case {
  readonly model: readonly LayerSpec[]
  readonly weights: Named
  readonly buffers?: Named
  readonly loss: { readonly name: string; readonly options?: Record<string, unknown> }
  readonly batches: readonly { readonly x: WrittenTensor; readonly y: WrittenTensor }[]
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly groups?: readonly { readonly params: readonly string[]; readonly options?: Record<string, unknown> }[]
  readonly scheduler?: SchedulerSpec | null
  readonly clip?: { readonly max_norm: number; readonly norm_type?: number }
  readonly num_steps: number
  readonly record: readonly number[]
}

/** Options of a loss that are tensors. */
const TENSORS = ['weight', 'pos_weight']

function lossOf({ name, options = {} }: TrainingCase['loss'], output: Tensor, target: Tensor): Tensor {
  const call = lossFunctions[name]
  if (!call || !Object.hasOwn(lossFunctions, name)) throw new Unsupported(`the loss ${name} is not supported`)
  const { arena, dtype } = output
  const entries = Object.entries(options)
  const t = Object.fromEntries(
    entries
      .filter(([key]) => TENSORS.includes(key))
      .map(([key, value]) => [key, arena.tensor(flat(value), [flat(value).length], { dtype })]),
  )
  const o = Object.fromEntries(entries.filter(([key]) => !TENSORS.includes(key)))
  return call({ t: { input: output, target, ...t }, o }) as Tensor
}

function tensorOf(arena: Arena, { data, shape, dtype }: WrittenTensor, float: FloatType): Tensor {
  return arena.tensor(flat(data), shape, { dtype: dtype === 'int64' ? 'int32' : float })
}

function run(arena: Arena, test: TrainingCase, dtype: FloatType): Result {
  const model = makeModel(arena, test.model, dtype)
  const saved: Named = { ...test.weights, ...test.buffers }
  const parameters = new Map(model.namedParameters())
  const buffers = new Map(model.namedBuffers())
  for (const [name, tensor] of [...parameters, ...buffers]) {
    const own = saved[name]
    if (own) tensor.data.set(flat(own.data))
  }
  const names = Object.keys(test.weights)
  const params = names.map((name) => {
    const parameter = parameters.get(name)
    if (!parameter) throw new Unsupported(`the model has no ${name}`)
    return parameter
  })
  const groups = test.groups?.map((group) => ({ ...group, params: group.params.map((name) => names.indexOf(name)) }) as GroupSpec)
  const optimizer = makeOptimizer(test.optimizer, test.options, params, groups)
  const scheduler = test.scheduler ? makeScheduler(test.scheduler, optimizer) : undefined
  const result = { loss: [] as unknown[], lr: [] as unknown[], params: {} as Result, buffers: {} as Result, grad_norm: [] as number[] }
  for (let t = 0; t < test.num_steps; t++) {
    const { x, y } = test.batches[t % test.batches.length]!
    const evaluate = () =>
      arena.frame(() => {
        optimizer.zeroGrad()
        const loss = lossOf(test.loss, model.forward(tensorOf(arena, x, dtype)), tensorOf(arena, y, dtype))
        loss.backward()
        return loss.item()
      })
    result.lr.push(grouped(optimizer, 'lr'))
    if (test.optimizer === 'LBFGS') result.loss.push(optimizer.step(evaluate))
    else {
      result.loss.push(evaluate())
      if (test.clip) {
        const { max_norm, norm_type } = test.clip
        result.grad_norm.push(clipGradNorm(params, max_norm, norm_type === undefined ? {} : { normType: norm_type }))
      }
      optimizer.step()
    }
    scheduler?.step()
    if (!test.record.includes(t + 1)) continue
    result.params[t + 1] = Object.fromEntries(names.map((name, i) => [name, params[i]!.data.slice()]))
    result.buffers[t + 1] = Object.fromEntries([...buffers].map(([name, { data }]) => [name, data.slice()]))
  }
  const { buffers: recorded, grad_norm, ...rest } = result
  return { ...rest, ...(buffers.size && { buffers: recorded }), ...(grad_norm.length && { grad_norm }) }
}

type Recorded = Record<string, Record<string, unknown>>

export const trainingKind: Kind<TrainingCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(test, dtype, result, expected, j) {
    const { float64, float32 } = expected
    const limit = paramLimit(test.optimizer, dtype, expected, true)
    const scales = new Map<string, number>()
    for (const kind of ['params', 'buffers'] as const) {
      const wanted: Recorded = float64[kind] ?? {}
      const got = (result[kind] ?? {}) as Recorded
      j.same(`${kind}: steps`, Object.keys(got), Object.keys(wanted))
      for (const [step, tensors] of Object.entries(wanted)) {
        j.same(`${kind}[${step}]: names`, Object.keys(got[step] ?? {}).sort(), Object.keys(tensors).sort())
        for (const [name, data] of Object.entries(tensors)) {
          const initial = test.weights[name] ?? test.buffers?.[name]
          const scale = Math.max(scales.get(name) ?? largest([initial?.data ?? []]), largest([data]))
          scales.set(name, scale)
          if (initial?.dtype === 'int64') j.same(`${kind}[${step}].${name}`, got[step]?.[name], data)
          else judgeNumbers(j, `${kind}[${step}].${name}`, got[step]?.[name], data, scale, limit(step))
        }
      }
    }
    judgeColumns(j, 'lr', result.lr, float64.lr)
    const limits = stepLimits(float64.params, limit)
    for (const series of ['loss', 'grad_norm']) {
      if (float64[series])
        judgeSeries(j, dtype, series, result[series], expected, float32?.[series], limits, test.optimizer === 'LBFGS' ? 8 : 4)
    }
  },
}
