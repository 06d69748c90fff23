/** Kind "averaging". */
import type { Arena } from '../memory/arena.ts'
import type { Tensor } from '../memory/tensor.ts'
import { Module } from '../nn/module.ts'
import * as averaging from '../training/averaging.ts'
import { AveragedModel } from '../training/averaging.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { type Case, flat, type Kind, largest, type Result, read, Unsupported, type Written, type WrittenTensor } from './format.ts'
import { judgeNumbers, judgeParams } from './judge.ts'

interface AveragingCase extends Case {
  readonly averaging: { readonly fn: string | null; readonly decay?: number; readonly use_buffers?: boolean }
  readonly params: readonly WrittenTensor[]
  readonly buffers?: readonly WrittenTensor[]
  readonly updates: readonly { readonly params: readonly (readonly Written[])[]; readonly buffers?: readonly (readonly Written[])[] }[]
}

/** A model with parameters and buffers only. */
class Holder extends Module {
  constructor(arena: Arena, test: AveragingCase, dtype: FloatType) {
    super()
    const parameters = test.params.map(({ shape, data }, i) => [`p${i}`, arena.parameter(shape, { dtype, data: flat(data) })])
    const buffers = (test.buffers ?? []).map(({ shape, data, dtype: kind }, i) => {
      return [`b${i}`, arena.buffer(shape, { dtype: kind === 'int64' ? 'int32' : dtype, data: flat(data) })]
    })
    Object.assign(this, Object.fromEntries([...parameters, ...buffers]))
  }

  forward(x: Tensor): Tensor {
    return x
  }
}

function average({ fn, decay, use_buffers = false }: AveragingCase['averaging']): averaging.AveragedModelOptions {
  const useBuffers = { useBuffers: use_buffers }
  if (fn === 'get_swa_avg_fn') return { ...useBuffers, avgFn: averaging.getSwaAvgFn() }
  if (fn === 'get_swa_multi_avg_fn') return { ...useBuffers, multiAvgFn: averaging.getSwaMultiAvgFn() }
  if (fn === 'get_ema_avg_fn') return { ...useBuffers, avgFn: averaging.getEmaAvgFn(decay) }
  if (fn === 'get_ema_multi_avg_fn') return { ...useBuffers, multiAvgFn: averaging.getEmaMultiAvgFn(decay) }
  if (fn !== null) throw new Unsupported(`the average ${fn} is not supported`)
  return useBuffers
}

function run(arena: Arena, test: AveragingCase, dtype: FloatType): Result {
  const model = new Holder(arena, test, dtype)
  const averaged = new AveragedModel(model, average(test.averaging))
  const result = { params: {} as Record<string, unknown>, buffers: {} as Record<string, unknown>, n_averaged: [] as number[] }
  const note = (k: number) => {
    result.params[k] = [...averaged.parameters()].map(({ data }) => data.slice())
    result.buffers[k] = [...averaged.buffers()].map(({ data }) => data.slice())
    result.n_averaged.push(averaged.nAveraged)
  }
  note(0)
  for (const [k, update] of test.updates.entries()) {
    for (const [i, parameter] of [...model.parameters()].entries()) parameter.data.set(flat(update.params[i]))
    for (const [i, buffer] of [...model.buffers()].entries()) buffer.data.set(flat(update.buffers![i]))
    averaged.updateParameters(model)
    note(k + 1)
  }
  return result
}

export const averagingKind: Kind<AveragingCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(test, dtype, result, expected, j) {
    const { float64 } = expected
    const limit = (step: string) => (dtype === 'float64' ? 1e-12 : Math.max(2 * read(expected.float32_error?.[step] ?? 0), 1e-6))
    const initial = test.params.map(({ data }) => data)
    judgeParams(j, 'params', result.params as Record<string, unknown[]>, float64.params, initial, limit)
    j.same('n_averaged', result.n_averaged, float64.n_averaged)
    const buffers = result.buffers as Record<string, readonly unknown[]>
    for (const [i, { dtype: kind, data }] of (test.buffers ?? []).entries()) {
      let scale = largest([data])
      for (const step of Object.keys(float64.buffers)) {
        scale = Math.max(scale, largest([float64.buffers[step][i]]))
        const what = `buffers[${step}][${i}]`
        if (kind === 'int64') j.same(what, buffers[step]?.[i], (expected[dtype] ?? float64).buffers[step][i])
        else judgeNumbers(j, what, buffers[step]?.[i], float64.buffers[step][i], scale, limit(step))
      }
    }
  },
}
