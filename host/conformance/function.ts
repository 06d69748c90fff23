/** Kind "function": the value and the gradients of one differentiable function. */

import * as F from '../autograd/functions.ts'
import type { RecurrentWeights } from '../autograd/recurrent.ts'
import type { Arena } from '../memory/arena.ts'
import { Parameter, type Tensor } from '../memory/tensor.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { type Case, type Expected, flat, type Kind, largest, type Result, read, Unsupported, type WrittenTensor } from './format.ts'
import { judgeNumbers } from './judge.ts'

interface FunctionCase extends Case {
  readonly function: string
  readonly inputs: readonly (WrittenTensor & { readonly name: string; readonly dtype: string; readonly grad: boolean })[]
  readonly options?: Record<string, unknown>
  readonly upstream?: WrittenTensor
  readonly extra_upstream?: Readonly<Record<string, WrittenTensor>>
}

interface Call {
  /** The inputs by name. */
  readonly t: Readonly<Record<string, Tensor>>
  // biome-ignore lint/suspicious/noExplicitAny: options of any function
  readonly o: Readonly<Record<string, any>>
}

/** The result of a function: its output, and other results by name. */
type Output = Tensor | { readonly output: Tensor; readonly extra: Readonly<Record<string, Tensor>> }

/** Returns the given options under downhill's names. */
function renamed(o: Call['o'], names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([theirs, ours]) => (o[theirs] === undefined || o[theirs] === null ? [] : [[ours, o[theirs]]])),
  )
}

const axes = { dim: 'dim', keepdim: 'keepdim' }
const convolution = { stride: 'stride', padding: 'padding', dilation: 'dilation', groups: 'groups' }
const pooling = { stride: 'stride', padding: 'padding', ceil_mode: 'ceilMode', dilation: 'dilation', count_include_pad: 'countIncludePad' }
const present = (t: Call['t'], names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(names).flatMap(([theirs, ours]) => (t[theirs] ? [[ours, t[theirs]]] : [])))

function layersOf({ t, o }: Call): RecurrentWeights[] {
  return Array.from({ length: o.num_layers ?? 1 }, (_, l) => ({
    weightIh: t[`weight_ih_l${l}`]!,
    weightHh: t[`weight_hh_l${l}`]!,
    biasIh: t[`bias_ih_l${l}`] ?? null,
    biasHh: t[`bias_hh_l${l}`] ?? null,
  }))
}

const functions: Readonly<Record<string, (call: Call) => Output>> = {
  add: ({ t, o }) => F.add(t.input!, t.other!, renamed(o, { alpha: 'alpha' })),
  sub: ({ t, o }) => F.sub(t.input!, t.other!, renamed(o, { alpha: 'alpha' })),
  mul: ({ t }) => F.mul(t.input!, t.other!),
  div: ({ t }) => F.div(t.input!, t.other!),
  neg: ({ t }) => F.neg(t.input!),
  exp: ({ t }) => F.exp(t.input!),
  log: ({ t }) => F.log(t.input!),
  sqrt: ({ t }) => F.sqrt(t.input!),
  abs: ({ t }) => F.abs(t.input!),
  relu: ({ t }) => F.relu(t.input!),
  silu: ({ t }) => F.silu(t.input!),
  tanh: ({ t }) => F.tanh(t.input!),
  sigmoid: ({ t }) => F.sigmoid(t.input!),
  leaky_relu: ({ t, o }) => F.leakyRelu(t.input!, o.negative_slope),
  gelu: ({ t, o }) => F.gelu(t.input!, renamed(o, { approximate: 'approximate' })),
  pow: ({ t, o }) => F.pow(t.input!, o.exponent),
  matmul: ({ t }) => F.matmul(t.input!, t.other!),
  linear: ({ t }) => F.linear(t.input!, t.weight!, t.bias),
  sum: ({ t, o }) => F.sum(t.input!, renamed(o, axes)),
  mean: ({ t, o }) => F.mean(t.input!, renamed(o, axes)),
  amax: ({ t, o }) => F.amax(t.input!, renamed(o, axes)),
  transpose: ({ t, o }) => F.transpose(t.input!, o.dim0, o.dim1),
  permute: ({ t, o }) => F.permute(t.input!, o.dims),
  reshape: ({ t, o }) => F.reshape(t.input!, o.shape),
  narrow: ({ t, o }) => F.narrow(t.input!, o.dim, o.start, o.length),
  cat: ({ t, o }) => F.cat(Object.values(t), o.dim),
  softmax: ({ t, o }) => F.softmax(t.input!, o.dim),
  log_softmax: ({ t, o }) => F.logSoftmax(t.input!, o.dim),
  cross_entropy: ({ t, o }) =>
    F.crossEntropy(t.input!, t.target!, {
      ...present(t, { weight: 'weight' }),
      ...renamed(o, { ignore_index: 'ignoreIndex', label_smoothing: 'labelSmoothing', reduction: 'reduction' }),
    }),
  mse_loss: ({ t, o }) => F.mseLoss(t.input!, t.target!, renamed(o, { reduction: 'reduction' })),
  l1_loss: ({ t, o }) => F.l1Loss(t.input!, t.target!, renamed(o, { reduction: 'reduction' })),
  smooth_l1_loss: ({ t, o }) => F.smoothL1Loss(t.input!, t.target!, renamed(o, { reduction: 'reduction', beta: 'beta' })),
  huber_loss: ({ t, o }) => F.huberLoss(t.input!, t.target!, renamed(o, { reduction: 'reduction', delta: 'delta' })),
  binary_cross_entropy_with_logits: ({ t, o }) =>
    F.binaryCrossEntropyWithLogits(t.input!, t.target!, {
      ...present(t, { weight: 'weight', pos_weight: 'posWeight' }),
      ...renamed(o, { reduction: 'reduction' }),
    }),
  layer_norm: ({ t, o }) =>
    F.layerNorm(t.input!, o.normalized_shape, { ...present(t, { weight: 'weight', bias: 'bias' }), ...renamed(o, { eps: 'eps' }) }),
  rms_norm: ({ t, o }) => F.rmsNorm(t.input!, o.normalized_shape, { ...present(t, { weight: 'weight' }), ...renamed(o, { eps: 'eps' }) }),
  batch_norm({ t, o }) {
    const options = {
      ...present(t, { weight: 'weight', bias: 'bias' }),
      ...renamed(o, { training: 'training', momentum: 'momentum', eps: 'eps' }),
    }
    const output = F.batchNorm(t.input!, t.running_mean ?? null, t.running_var ?? null, options)
    const isKept = o.training === true && t.running_mean !== undefined
    return isKept ? { output, extra: { running_mean: t.running_mean!, running_var: t.running_var! } } : output
  },
  embedding: ({ t, o }) => F.embedding(t.input!, t.weight!, renamed(o, { padding_idx: 'paddingIdx' })),
  conv1d: ({ t, o }) => F.conv1d(t.input!, t.weight!, t.bias, renamed(o, convolution)),
  conv2d: ({ t, o }) => F.conv2d(t.input!, t.weight!, t.bias, renamed(o, convolution)),
  max_pool2d: ({ t, o }) => F.maxPool2d(t.input!, o.kernel_size, renamed(o, pooling)),
  avg_pool2d: ({ t, o }) => F.avgPool2d(t.input!, o.kernel_size, renamed(o, pooling)),
  scaled_dot_product_attention: ({ t, o }) =>
    F.scaledDotProductAttention(t.query!, t.key!, t.value!, {
      ...present(t, { attn_mask: 'attnMask' }),
      ...renamed(o, { is_causal: 'isCausal', scale: 'scale' }),
    }),
  gru(call) {
    const { output, hidden } = F.gru(call.t.input!, call.t.h_0 ?? null, layersOf(call), renamed(call.o, { batch_first: 'batchFirst' }))
    return { output, extra: { h_n: hidden } }
  },
  lstm(call) {
    const { t, o } = call
    const { output, hidden, cell } = F.lstm(
      t.input!,
      t.h_0 ?? null,
      t.c_0 ?? null,
      layersOf(call),
      renamed(o, { batch_first: 'batchFirst' }),
    )
    return { output, extra: { h_n: hidden, c_n: cell } }
  },
}

/** @internal */
export const lossFunctions = functions

const shaped = ({ shape, data }: Tensor) => ({ shape, data: data.slice() })

function run(arena: Arena, test: FunctionCase, dtype: FloatType): Result {
  const call = functions[test.function]
  if (!call || !Object.hasOwn(functions, test.function)) throw new Unsupported(`the function ${test.function} is not supported`)
  const parameters = test.inputs.map(({ name, shape, data, dtype: kind, grad }) => {
    if (kind !== 'float') return [name, arena.buffer(shape, { dtype: 'int32', data: flat(data) })] as const
    const parameter = arena.parameter(shape, { dtype, data: flat(data) })
    parameter.requiresGrad = grad
    return [name, parameter] as const
  })
  return arena.frame(() => {
    const made = call({ t: Object.fromEntries(parameters), o: test.options ?? {} })
    const { output, extra } = 'output' in made ? made : { output: made, extra: {} }
    const upstreams = Object.entries({ output: test.upstream, ...test.extra_upstream }).filter(([, upstream]) => upstream)
    const results: Readonly<Record<string, Tensor>> = { ...extra, output }
    const parts = upstreams.map(([name, upstream]) =>
      F.sum(F.mul(results[name]!, arena.tensor(flat(upstream!.data), upstream!.shape, { dtype }))),
    )
    const wanted = test.inputs.filter(({ grad }) => grad)
    if (wanted.length) (parts.length ? parts.reduce((a, b) => F.add(a, b)) : output).backward()
    const gradOf = (name: string) => {
      const tensor = Object.fromEntries(parameters)[name]!
      return (tensor instanceof Parameter && tensor.grad?.slice()) || new Float64Array(tensor.size)
    }
    return {
      output: shaped(output),
      grads: Object.fromEntries(wanted.map(({ name }) => [name, gradOf(name)])),
      ...(Object.keys(extra).length && {
        extra: Object.fromEntries(Object.entries(extra).map(([name, tensor]) => [name, shaped(tensor)])),
      }),
    }
  })
}

type Outcome = { readonly output: WrittenTensor; readonly grads: Record<string, unknown>; readonly extra?: Record<string, WrittenTensor> }

export const functionKind: Kind<FunctionCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(_, dtype, result, expected: Expected, j) {
    const wanted: Outcome = expected.float64
    const got = result as unknown as Outcome
    const limit = (error: unknown) =>
      dtype === 'float64' ? (expected.judge?.float64_rtol ?? 1e-12) : Math.max(4 * read((error as number) ?? 0), 2e-6)
    // Without a nonzero finite value there is no scale, and the result must be 0.
    const scale = (data: unknown) => largest([data]) || Number.MIN_VALUE
    j.same('output.shape', got.output.shape, wanted.output.shape)
    judgeNumbers(j, 'output', got.output.data, wanted.output.data, scale(wanted.output.data), limit(expected.float32_error?.output))
    j.same('grads: names', Object.keys(got.grads).sort(), Object.keys(wanted.grads).sort())
    for (const [name, data] of Object.entries(wanted.grads)) {
      judgeNumbers(j, `grads.${name}`, got.grads[name], data, scale(data), limit(expected.float32_error?.grads?.[name]))
    }
    for (const [name, { shape, data }] of Object.entries(wanted.extra ?? {})) {
      j.same(`extra.${name}.shape`, got.extra?.[name]?.shape, shape)
      judgeNumbers(j, `extra.${name}`, got.extra?.[name]?.data, data, scale(data), limit(expected.float32_error?.extra?.[name]))
    }
  },
}
