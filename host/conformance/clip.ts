/** Kind "clip". */
import type { Arena } from '../memory/arena.ts'
import { sizeOf } from '../memory/shape.ts'
import type { Parameter } from '../memory/tensor.ts'
import { clipGradNorm, clipGradValue, getTotalNorm } from '../training/clip.ts'
import { DownhillError } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'
import {
  type Case,
  type Expected,
  type Judging,
  type Kind,
  largest,
  type Result,
  read,
  type Written,
  type WrittenGradient,
} from './format.ts'
import { Judge, judgeNumbers } from './judge.ts'
import { setGradient } from './parts.ts'

interface Op {
  readonly fn: string
  readonly grads: readonly WrittenGradient[]
  readonly max_norm?: number
  readonly norm_type?: number
  readonly clip_value?: number
  readonly error_if_nonfinite?: boolean
}

interface ClipCase extends Case {
  readonly params: readonly (readonly number[] | { readonly shape: readonly number[] })[]
  readonly ops: readonly Op[]
}

function apply(op: Op, params: readonly Parameter[]): Result {
  const options = {
    ...(op.norm_type !== undefined && { normType: op.norm_type }),
    ...(op.error_if_nonfinite !== undefined && { errorIfNonfinite: op.error_if_nonfinite }),
  }
  if (op.fn === 'get_total_norm') return { total_norm: getTotalNorm(params, options) }
  if (op.fn === 'clip_grad_value_') {
    clipGradValue(params, op.clip_value!)
    return {}
  }
  return { total_norm: clipGradNorm(params, op.max_norm!, options) }
}

function run(arena: Arena, test: ClipCase, dtype: FloatType): Result {
  const shapes = test.params.map((entry) => (Array.isArray(entry) ? entry : (entry as { shape: readonly number[] }).shape))
  const ops = test.ops.map((op) => {
    const params = shapes.map((shape) => arena.parameter(shape, { dtype, data: new Float64Array(sizeOf(shape)) }))
    for (const [i, parameter] of params.entries()) setGradient(parameter, op.grads[i])
    const grads = () => params.map(({ grad }) => grad?.slice() ?? null)
    try {
      const result = apply(op, params)
      return op.fn === 'get_total_norm' ? result : { ...result, grads: grads() }
    } catch (error) {
      if (!(error instanceof DownhillError)) throw error
      return { error: error.code, grads: grads() }
    }
  })
  return { ops }
}

interface OpResult {
  readonly error?: string
  readonly total_norm?: Written
  readonly grads?: readonly (readonly Written[] | null)[]
}

function judgeOp(j: Judging, what: string, got: OpResult | undefined, want: OpResult, limit: number): void {
  j.same(`${what} raises`, got?.error !== undefined, want.error !== undefined)
  if (want.total_norm !== undefined) {
    const size = Math.abs(read(want.total_norm))
    j.number(`${what}.total_norm`, got?.total_norm, want.total_norm, size, limit)
  }
  for (const [i, grad] of (want.grads ?? []).entries()) {
    if (grad === null) j.same(`${what}.grads[${i}]`, got?.grads?.[i], null)
    else judgeNumbers(j, `${what}.grads[${i}]`, got?.grads?.[i] ?? [], grad, largest([grad]), limit)
  }
}

export const clipKind: Kind<ClipCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(test, dtype, result, expected: Expected, j) {
    const got = result.ops as OpResult[]
    j.same('ops: length', got.length, test.ops.length)
    for (const [i, want] of (expected.float64.ops as OpResult[]).entries()) {
      const error = expected.float32_error?.[i] ?? 0
      const limit = dtype === 'float64' ? 1e-12 : Math.max(2 * (error === 'Infinity' ? 0 : read(error)), 1e-6)
      // Where the reference's own norm overflows, its whole outcome is correct too.
      if (dtype === 'float32' && error === 'Infinity') {
        const other = new Judge()
        judgeOp(other, `ops[${i}]`, got[i], expected.float32.ops[i], limit)
        if (other.passed) continue
      }
      judgeOp(j, `ops[${i}]`, got[i], want, limit)
    }
  },
}
