import { describe, expect, it } from 'vitest'
import { Adafactor, type AnyOptimizer, Arena, LBFGS, Muon, type Parameter, SGD, SparseAdam, type Tensor } from '../../host/index.ts'
import type { FloatType } from '../../host/wasm/wasm.ts'
import { thrown } from './thrown.ts'

function makeParams(arena: Arena, shapes: readonly (readonly number[])[], dtype: FloatType): Parameter[] {
  return shapes.map((shape, s) => {
    const parameter = arena.parameter(shape, { dtype })
    for (let i = 0; i < parameter.size; i++) parameter.data[i] = ((i * 13 + s * 5) % 16) / 8 - 1
    return parameter
  })
}

function setGradients(params: readonly Parameter[], step: number): void {
  for (const [s, parameter] of params.entries()) {
    parameter.grad = Float64Array.from({ length: parameter.size }, (_, i) => (((i * 37 + step * 101 + s * 7) % 64) - 31) / 50)
  }
}

const copy = (params: readonly Parameter[]) => params.map(({ data }) => [...data])

type Make = (params: Iterable<Parameter>, options?: object) => AnyOptimizer
const MATRICES = [
  [3, 5],
  [7, 2],
  [4, 4],
  [1, 9],
]
const every: [string, Make, number[][], object[]][] = [
  [
    'Adafactor',
    (params, options) => new Adafactor(params, options),
    [...MATRICES, [6], [], [2, 3, 4]],
    [{}, { weightDecay: 0.1, maximize: true }],
  ],
  ['Muon', (params, options) => new Muon(params, options), MATRICES, [{}, { nesterov: false, adjustLrFn: 'match_rms_adamw' }]],
]

describe.each(every)('%s', (name, make, shapes, variants) => {
  it.each(['float32', 'float64'] as const)('resumes from its state dict bit-identically (%s)', async (dtype) => {
    for (const options of variants) {
      const arena = await Arena.create()
      const [one, other] = [makeParams(arena, shapes, dtype), makeParams(arena, shapes, dtype)]
      const [first, second] = [make(one, options), make(other, { lr: 0.5 })]
      const step = (params: Parameter[], optimizer: AnyOptimizer, t: number) => {
        setGradients(params, t)
        optimizer.step()
      }
      for (let t = 0; t < 4; t++) step(one, first, t)
      second.loadStateDict(structuredClone(first.stateDict()))
      for (const [i, parameter] of other.entries()) parameter.data.set(one[i]!.data)
      expect(second.stateDict()).toEqual(first.stateDict())
      for (let t = 4; t < 7; t++) {
        step(one, first, t)
        step(other, second, t)
      }
      expect(copy(other)).toEqual(copy(one))
    }
  })

  it('steps parameters together or one by one bit-identically, and skips those without a gradient', async () => {
    const arena = await Arena.create()
    const [together, apart] = [makeParams(arena, shapes, 'float32'), makeParams(arena, shapes, 'float32')]
    const one = make(together)
    const several = apart.map((parameter) => make([parameter]))
    for (let t = 0; t < 5; t++) {
      for (const params of [together, apart]) {
        setGradients(params, t)
        for (const [i, parameter] of params.entries()) if ((i + t) % 3 === 0) parameter.grad = null
      }
      one.step()
      for (const optimizer of several) optimizer.step()
    }
    expect(copy(together)).toEqual(copy(apart))
    for (const [i, optimizer] of several.entries()) expect(one.stateDict().state[i]).toEqual(optimizer.stateDict().state[0])
  })

  it('reports the size of its state in advance, and dispose frees it', async () => {
    const arena = await Arena.create()
    const params = makeParams(arena, shapes, 'float32')
    const optimizer = make(params)
    const said = optimizer.stateBytes
    setGradients(params, 0)
    optimizer.step()
    expect(arena.usage().state).toBe(said)
    optimizer.dispose()
    expect(arena.usage().state).toBe(0)
  })

  it('allocates all its memory before it changes anything', async () => {
    const arena = await Arena.create({ maximumBytes: 2 ** 20 })
    const params = [arena.parameter([2, 2], { data: [1, 2, 3, 4] }), arena.parameter([150, 100])]
    const optimizer = make(params)
    setGradients(params, 0)
    const rest: Tensor[] = []
    expect(() => {
      for (;;) rest.push(arena.tensor(new Float32Array(1024)))
    }).toThrow('4096 bytes for tensors exceed maximumBytes')
    for (const tensor of rest.splice(0, 5)) tensor.dispose()
    const before = copy(params)
    expect(thrown(() => optimizer.step()).code).toBe('out-of-memory')
    expect([copy(params), optimizer.stateDict().state]).toEqual([before, {}])
  })

  it('throws for sparse gradients and changes nothing', async () => {
    const arena = await Arena.create()
    const params = makeParams(arena, shapes, 'float32')
    const optimizer = make(params)
    setGradients(params, 0)
    params[1]!.grad = { indices: [0], values: new Array(params[1]!.size / params[1]!.shape[0]!).fill(1) }
    const before = copy(params)
    expect(thrown(() => optimizer.step()).message).toBe(`${name} does not take sparse gradients`)
    expect(copy(params)).toEqual(before)
  })
})

describe('Muon', () => {
  it('throws for parameters that are not matrices', async () => {
    const arena = await Arena.create()
    expect(thrown(() => new Muon([arena.parameter([3])])).code).toBe('params-invalid')
  })

  it('steps along a matrix whose singular values are all close to 1', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([3, 3], { dtype: 'float64' })
    const optimizer = new Muon([w], { lr: 1, weightDecay: 0, momentum: 0 })
    w.grad = [4, 0, 0, 0, -2, 0, 0, 0, 1]
    optimizer.step()
    const got = [...w.data]
    for (const [i, value] of [-1, 0, 0, 0, 1, 0, 0, 0, -1].entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(0.35)
  })
})

describe('LBFGS', () => {
  /** f = Σ aᵢ(xᵢ − cᵢ)² / 2, as a closure over two parameters. */
  async function quadratic(options: object = {}, dtype: FloatType = 'float64') {
    const arena = await Arena.create()
    const params = [arena.parameter([2], { dtype, data: [4, -3] }), arena.parameter([1, 3], { dtype, data: [1, 2, 3] })]
    const [scale, centre] = [
      [1, 10, 3, 0.5, 7],
      [1, 2, 3, 4, 5],
    ]
    const optimizer = new LBFGS(params, options)
    const closure = () => {
      const x = params.flatMap(({ data }) => [...data])
      const slope = x.map((value, i) => scale[i]! * (value - centre[i]!))
      params[0]!.grad = slope.slice(0, 2)
      params[1]!.grad = slope.slice(2)
      return x.reduce((sum, value, i) => sum + (scale[i]! * (value - centre[i]!) ** 2) / 2, 0)
    }
    return { arena, params, optimizer, closure, centre }
  }

  it.each([{ lr: 0.1 }, { lineSearchFn: 'strong_wolfe' }, { lineSearchFn: 'strong_wolfe', historySize: 2 }])(
    'finds a minimum with %j',
    async (options) => {
      const { params, optimizer, closure, centre } = await quadratic(options)
      const before = closure()
      expect(optimizer.step(closure)).toBe(before)
      for (let i = 0; i < 10; i++) optimizer.step(closure)
      for (const [i, value] of params.flatMap(({ data }) => [...data]).entries()) expect(value).toBeCloseTo(centre[i]!, 3)
    },
  )

  it.each([{}, { lineSearchFn: 'strong_wolfe' }, { historySize: 1 }])('resumes from its state dict (%j)', async (options) => {
    const [one, other] = [await quadratic({ maxIter: 3, ...options }), await quadratic({ lr: 0.5 })]
    for (let i = 0; i < 2; i++) one.optimizer.step(one.closure)
    other.optimizer.loadStateDict(structuredClone(one.optimizer.stateDict()))
    for (const [i, parameter] of other.params.entries()) parameter.data.set(one.params[i]!.data)
    expect(other.optimizer.stateDict()).toEqual(one.optimizer.stateDict())
    for (let i = 0; i < 2; i++) expect(other.optimizer.step(other.closure)).toBe(one.optimizer.step(one.closure))
    expect(copy(other.params)).toEqual(copy(one.params))
  })

  it('uses at most stateBytes of memory, and dispose frees it', async () => {
    const { arena, optimizer, closure } = await quadratic({ maxIter: 4, historySize: 3, lineSearchFn: 'strong_wolfe' })
    for (let i = 0; i < 5; i++) optimizer.step(closure)
    expect(arena.usage().state).toBeLessThanOrEqual(optimizer.stateBytes)
    optimizer.dispose()
    expect(arena.usage().state).toBe(0)
  })

  it('requires one group and a closure that returns a number', async () => {
    const { arena, params, optimizer, closure } = await quadratic()
    const extra = { params: [arena.parameter([1])] }
    expect(thrown(() => new LBFGS([extra, { params: [arena.parameter([1])] }])).message).toContain(
      'LBFGS: the number of groups must be 1, got 2',
    )
    expect(thrown(() => optimizer.addParamGroup(extra)).code).toBe('params-invalid')
    expect(thrown(() => optimizer.step()).message).toContain('closure')
    expect(thrown(() => optimizer.step((() => 'low') as never)).message).toContain("'low'")
    const before = copy(params)
    expect(() =>
      optimizer.step(() => {
        throw new Error('the batch is gone')
      }),
    ).toThrow('the batch is gone')
    expect(copy(params)).toEqual(before)
    expect(optimizer.step(closure)).toBeGreaterThan(0)
  })

  it('restores the parameters and leaks no memory if the closure throws during a line search', async () => {
    const { arena, params, optimizer, closure } = await quadratic({ maxIter: 3, historySize: 2, lineSearchFn: 'strong_wolfe' })
    optimizer.step(closure)
    const before = copy(params)
    for (let i = 0; i < 20; i++) {
      let calls = 0
      const broken = () => {
        if (++calls === 2) throw new Error('the batch is gone')
        return closure()
      }
      expect(() => optimizer.step(broken)).toThrow('the batch is gone')
    }
    expect(copy(params)).toEqual(before)
    expect(arena.usage().state).toBeLessThanOrEqual(optimizer.stateBytes)
  })
})

describe('sparse gradients', () => {
  it('are summed over repeated rows; SparseAdam changes no other rows', async () => {
    const arena = await Arena.create()
    const [rows, once] = [arena.parameter([5, 2]), arena.parameter([5, 2])]
    const [first, second] = [new SparseAdam([rows]), new SparseAdam([once])]
    for (let t = 0; t < 3; t++) {
      rows.grad = { indices: [3, 1, 3], values: [1, 2, 3, 4, 5, 6] }
      once.grad = { indices: [1, 3], values: [3, 4, 6, 8] }
      first.step()
      second.step()
    }
    expect([...rows.data]).toEqual([...once.data])
    expect([0, 1, 4, 5, 8, 9].map((i) => rows.data[i])).toEqual([0, 0, 0, 0, 0, 0])
    expect(rows.data[2]).toBeLessThan(0)
  })

  it('step SGD like the equivalent dense gradients', async () => {
    const arena = await Arena.create()
    const [rows, all] = [arena.parameter([4, 1]), arena.parameter([4, 1])]
    const [first, second] = [new SGD([rows], { lr: 0.5, momentum: 0.9 }), new SGD([all], { lr: 0.5, momentum: 0.9 })]
    for (let t = 0; t < 3; t++) {
      rows.grad = { indices: [t, 3], values: [1, 2] }
      all.grad = [0, 1, 2, 3].map((row) => (row === t ? 1 : 0) + (row === 3 ? 2 : 0))
      first.step()
      second.step()
    }
    expect([...rows.data]).toEqual([...all.data])
  })

  it.each([
    ['a row out of range', { indices: [4], values: [1] }, 'Parameter.grad: indices[0] must be a row in [0, 4), got 4'],
    ['a fractional row', { indices: [0.5], values: [1] }, 'Parameter.grad: indices[0] must be a row in [0, 4), got 0.5'],
    ['too few values', { indices: [0, 1], values: [1] }, 'Parameter.grad: values must be of length 2 for shape [2, 1], got 1'],
    ['strings', { indices: [0], values: ['1'] }, "Parameter.grad: values[0] must be a number, got '1'"],
    ['numbers for arrays', { indices: 3, values: 4 }, 'Parameter.grad: indices must be an array of numbers, got 3'],
  ])('throw for %s', async (_, grad, message) => {
    const arena = await Arena.create()
    const w = arena.parameter([4, 1])
    expect(thrown(() => (w.grad = grad as never)).message).toContain(message)
    expect(w.hasGrad).toBe(false)
  })
})
