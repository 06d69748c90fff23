/** The state of L-BFGS, and its conversion to and from torch's state dict. */

import { checkNumbers } from '../memory/numbers.ts'
import { isStateTensor, type ParameterState, type StateTensor, type StateValue, type Take } from '../optimizer/state-dict.ts'
import { checkRange, DownhillError, shown } from '../validation/errors.ts'

import type { Flat, FlatVectors } from './flat.ts'

export interface LBFGSState {
  functionEvaluations: number
  iterations: number
  direction: Flat
  t: number
  /** Changes of the gradient (torch: old_dirs), of the parameters (old_stps), and 1/yᵀs (ro), oldest first. */
  readonly gradientChanges: Flat[]
  readonly steps: Flat[]
  readonly inverses: number[]
  diagonal: number
  previousGradient: Flat
  previousLoss: number
  /** Coefficients of the last two-loop recursion: scratch, which torch's state contains from the second iteration on. */
  coefficients: (number | null)[] | undefined
}

export const stateKeys = [
  'func_evals',
  'n_iter',
  'al',
  'd',
  't',
  'old_dirs',
  'old_stps',
  'ro',
  'H_diag',
  'prev_flat_grad',
  'prev_loss',
] as const

export function newState(): LBFGSState {
  return {
    functionEvaluations: 0,
    iterations: 0,
    direction: 0,
    t: 0,
    gradientChanges: [],
    steps: [],
    inverses: [],
    diagonal: 1,
    previousGradient: 0,
    previousLoss: 0,
    coefficients: undefined,
  }
}

/** Returns the vectors of a state. */
export function vectorsOf(state: LBFGSState | undefined): Flat[] {
  if (!state) return []
  return [state.direction, state.previousGradient, ...state.gradientChanges, ...state.steps].filter((vector) => vector !== 0)
}

export function writtenState(state: LBFGSState, vectors: FlatVectors, take: Take): ParameterState {
  const counts = { func_evals: state.functionEvaluations, n_iter: state.iterations }
  if (!state.direction) return counts
  const tensor = (vector: Flat): StateTensor => ({ dtype: vectors.dtype, shape: [vectors.size], data: take(vectors.view(vector)) })
  return {
    ...counts,
    ...(state.coefficients && { al: [...state.coefficients] }),
    d: tensor(state.direction),
    t: state.t,
    old_dirs: state.gradientChanges.map(tensor),
    old_stps: state.steps.map(tensor),
    ro: [...state.inverses],
    H_diag: state.diagonal,
    prev_flat_grad: tensor(state.previousGradient),
    prev_loss: state.previousLoss,
  }
}

/** Checks a saved state completely; returns a function that copies it into new vectors. */
export function readState(saved: ParameterState, vectors: FlatVectors, historySize: number): () => LBFGSState {
  const by = 'LBFGS.loadStateDict'
  const fail = (why: string) => new DownhillError('state-mismatch', `${by}: ${why}`)
  const unknown = Object.keys(saved).find((key) => !(stateKeys as readonly string[]).includes(key))
  if (unknown !== undefined) throw fail(`the state has an unknown key ${shown(unknown)}`)
  const scalar = (key: string, value: StateValue | undefined = saved[key]): number => {
    const found = isStateTensor(value) ? value.data[0] : value
    checkRange(typeof found === 'number', by, key, 'a number', found, 'state-mismatch')
    return found
  }
  const vector = (key: string, value: StateValue | undefined = saved[key]): StateTensor => {
    checkRange(isStateTensor(value), by, key, 'a tensor', value, 'state-mismatch')
    checkNumbers(by, key, [vectors.size], value.data, 'state-mismatch')
    return value
  }
  const list = <T>(key: string, read: (key: string, value: StateValue) => T): T[] => {
    const value = saved[key]
    checkRange(Array.isArray(value), by, key, 'an array', value, 'state-mismatch')
    return value.map((entry) => read(key, entry))
  }
  const state = newState()
  state.functionEvaluations = scalar('func_evals')
  state.iterations = scalar('n_iter')
  if (!('d' in saved)) return () => state
  const [direction, previousGradient] = [vector('d'), vector('prev_flat_grad')]
  const [gradientChanges, steps] = [list('old_dirs', vector), list('old_stps', vector)]
  state.inverses.push(...list('ro', scalar))
  if (new Set([steps.length, gradientChanges.length, state.inverses.length]).size > 1)
    throw fail('old_dirs, old_stps and ro must have the same length')
  if (historySize >= 0 && steps.length > historySize)
    throw fail(`old_stps must have at most history_size (${historySize}) entries, got ${steps.length}`)
  const isShared = new Set([...steps, ...gradientChanges].map(({ data }) => data)).size < 2 * steps.length
  if (isShared) throw fail('old_dirs and old_stps must not repeat a tensor')
  state.t = scalar('t')
  state.diagonal = scalar('H_diag')
  state.previousLoss = scalar('prev_loss')
  if ('al' in saved) state.coefficients = list('al', (key, value) => (value === null ? null : scalar(key, value)))
  const load = ({ data }: StateTensor): Flat => {
    const taken = vectors.take()
    vectors.view(taken).set(data)
    return taken
  }
  return () => {
    state.direction = load(direction)
    state.previousGradient = load(previousGradient)
    state.gradientChanges.push(...gradientChanges.map(load))
    state.steps.push(...steps.map(load))
    return state
  }
}
