import { describe, expect, it } from 'vitest'
import { Adagrad, Adam, AdamW, Arena, LinearLR, RMSprop, SGD } from '../../host/index.ts'
import { thrown } from './thrown.ts'

describe('groups', () => {
  it('inherit missing options from the optimizer, and are read again at each step', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([1], { data: [1] }), arena.parameter([1], { data: [1] })]
    const optimizer = new SGD([{ params: [a], lr: 0.5 }, { params: b }], { lr: 0.25 })
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.5, 0.25])
    a.grad = [1]
    b.grad = [1]
    optimizer.step()
    expect([a.data[0], b.data[0]]).toEqual([0.5, 0.75])
    optimizer.paramGroups[1]!.lr = 1
    optimizer.step()
    expect([a.data[0], b.data[0]]).toEqual([0, -0.25])
  })

  it('can be added later; their parameters start at step 1', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([1]), arena.parameter([1])]
    const optimizer = new Adam([a])
    a.grad = [1]
    optimizer.step()
    optimizer.addParamGroup({ params: [b], lr: 0.5 })
    b.grad = [1]
    optimizer.step()
    expect([optimizer.stateDict().state[0]!.step, optimizer.stateDict().state[1]!.step]).toEqual([2, 1])
    expect(b.data[0]).toBeCloseTo(-0.5, 6)
  })

  it('keep the parameter names they were given', async () => {
    const arena = await Arena.create()
    const optimizer = new SGD([['weight', arena.parameter([2])]] as const)
    expect(optimizer.stateDict().param_groups[0]!.param_names).toEqual(['weight'])
  })

  it.each([
    ['a parameter instead of a list', (p: never) => new SGD(p), 'params-invalid'],
    ['an empty list', () => new SGD([]), 'params-empty'],
    ['an empty group', () => new SGD([{ params: [] }]), 'params-empty'],
    ['a number', () => new SGD([3 as never]), 'params-invalid'],
    ['undefined', () => new SGD(undefined as never), 'params-invalid'],
  ])('throw for %s', async (_, make, code) => {
    const arena = await Arena.create()
    expect(thrown(() => make(arena.parameter([2]) as never)).code).toBe(code)
  })

  it('throw for a repeated parameter, parameters of two arenas, and names for only some parameters', async () => {
    const [arena, other] = [await Arena.create(), await Arena.create()]
    const [a, b] = [arena.parameter([2]), arena.parameter([3])]
    expect(thrown(() => new SGD([a, a])).message).toBe('SGD: params[1] appears twice')
    expect(thrown(() => new SGD([{ params: [a] }, { params: [b, a] }])).code).toBe('params-invalid')
    const optimizer = new SGD([a])
    expect(thrown(() => optimizer.addParamGroup({ params: [a] })).code).toBe('params-invalid')
    expect(optimizer.paramGroups.length).toBe(1)
    expect(thrown(() => new SGD([a, other.parameter([1])])).code).toBe('params-invalid')
    expect(thrown(() => new SGD([['a', a], b] as never)).code).toBe('params-invalid')
  })
})

describe('closures', () => {
  it.each([
    ['a number', 5],
    ['an asynchronous closure', async () => 1],
    ['a closure that returns undefined', () => undefined],
    ['a closure that returns a bigint', () => 1n],
  ])('throw and change nothing for %s', async (_, closure) => {
    const arena = await Arena.create()
    const w = arena.parameter([1], { data: [1] })
    const optimizer = new Adam([w])
    w.grad = [1]
    expect(thrown(() => optimizer.step(closure as never)).code).toBe('option-range')
    expect([w.data[0], optimizer.stateDict().state]).toEqual([1, {}])
  })
})

describe('state dicts', () => {
  it('keep custom options under their own names, as copies', async () => {
    const arena = await Arena.create()
    const optimizer = new SGD([arena.parameter([1])])
    const mine = { list: [1] }
    Object.assign(optimizer.paramGroups[0]!, { my_tag: 1, 'my-tag': 2, mine })
    const saved = optimizer.stateDict()
    mine.list.push(2)
    expect(saved.param_groups[0]).toMatchObject({ my_tag: 1, 'my-tag': 2, mine: { list: [1] } })
    const other = new SGD([arena.parameter([1])])
    other.loadStateDict(saved)
    expect(other.stateDict()).toEqual(saved)
  })

  it('accept a learning rate that rounding in a schedule made negative', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new SGD([w], { lr: 0.535 })
    const scheduler = new LinearLR(optimizer, { endFactor: 0 })
    for (let i = 0; i < 5; i++) scheduler.step()
    expect(optimizer.lr()).toBeLessThan(0)
    optimizer.loadStateDict(optimizer.stateDict())
    expect(thrown(() => optimizer.lr('length' as never)).code).toBe('option-range')
  })
})

describe('options', () => {
  it('that are unknown throw and suggest the closest name', async () => {
    const arena = await Arena.create()
    const params = [arena.parameter([2])]
    expect(thrown(() => new Adam(params, { beta: 1 } as never)).message).toBe('Adam has no option beta, did you mean betas?')
    expect(thrown(() => new SGD(params, { momentm: 1 } as never)).message).toBe('SGD has no option momentm, did you mean momentum?')
    expect(thrown(() => new SGD(params, { schedule: 1 } as never)).message).toMatch(
      /^SGD has no option schedule; the options are lr, momentum/,
    )
    expect(thrown(() => new AdamW(params, { decoupledWeightDecay: false } as never)).code).toBe('option-unknown')
  })

  it('out of range throw with the option, the range and the value', async () => {
    const arena = await Arena.create()
    const params = [arena.parameter([2])]
    expect(thrown(() => new Adam(params, { lr: -1 })).message).toBe('Adam: lr must be a number in [0, ∞], got -1')
    expect(thrown(() => new Adam(params, { betas: [0.9, 1] })).message).toBe('Adam: betas must be two numbers in [0, 1), got [0.9, 1]')
    expect(thrown(() => new SGD(params, { nesterov: true })).message).toBe('SGD: nesterov needs momentum > 0 and dampening 0')
  })

  it('set to undefined use the default', async () => {
    const arena = await Arena.create()
    expect(new Adam([arena.parameter([2])], { lr: undefined as never }).paramGroups[0]!.lr).toBe(1e-3)
  })
})

describe('state', () => {
  it('of SGD is created when momentum is enabled, and its first step has no dampening', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new SGD([w], { lr: 1, dampening: 0.5 })
    w.grad = [1]
    optimizer.step()
    expect(optimizer.stateDict().state).toEqual({})
    optimizer.paramGroups[0]!.momentum = 0.5
    optimizer.step()
    optimizer.step()
    expect(w.data[0]).toBe(-1 - 1 - (0.5 + 0.5))
    expect([...(optimizer.stateDict().state[0]!.momentum_buffer as { data: Float32Array }).data]).toEqual([1])
  })

  it.each([
    ['momentum of RMSprop', RMSprop, { momentum: 0.9 }, 'momentum_buffer'],
    ['amsgrad of Adam', Adam, { amsgrad: true }, 'max_exp_avg_sq'],
  ] as const)('throws like torch if missing when %s is enabled after the first step', async (_, Class, change, key) => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new Class([w])
    w.grad = [1]
    optimizer.step()
    const value = w.data[0]
    Object.assign(optimizer.paramGroups[0]!, change)
    const { code, message } = thrown(() => optimizer.step())
    expect([code, message.includes(key), w.data[0]]).toEqual(['state-mismatch', true, value])
  })

  it('of Adagrad exists from the start, with initialAccumulatorValue', async () => {
    const arena = await Arena.create()
    const optimizer = new Adagrad([arena.parameter([2])], { initialAccumulatorValue: 0.5 })
    expect(optimizer.stateDict().state[0]).toEqual({ step: 0, sum: { dtype: 'float32', shape: [2], data: new Float32Array([0.5, 0.5]) } })
  })

  it('is copied when saved and when loaded', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([1]), arena.parameter([1])]
    const [first, second] = [new Adam([a]), new Adam([b])]
    a.grad = [1]
    b.grad = [1]
    first.step()
    const saved = first.stateDict()
    second.loadStateDict(saved)
    first.step()
    expect(saved.state[0]!.step).toBe(1)
    expect(second.stateDict()).toEqual(saved)
  })

  it('of AdamW makes Adam decoupled, but the state of Adam does not change AdamW', async () => {
    const arena = await Arena.create()
    const [adam, adamw] = [new Adam([arena.parameter([1])]), new AdamW([arena.parameter([1])])]
    const [fromAdam, fromAdamW] = [adam.stateDict(), adamw.stateDict()]
    adam.loadStateDict(fromAdamW)
    adamw.loadStateDict(fromAdam)
    expect(adam.paramGroups[0]!.decoupledWeightDecay).toBe(true)
    expect(adamw.paramGroups[0]!.decoupledWeightDecay).toBe(true)
  })

  it("has torch's keys in torch's order, and keeps keys that schedulers add", async () => {
    const arena = await Arena.create()
    const optimizer = new Adam([{ params: [arena.parameter([1])], eps: 1e-6 }])
    optimizer.paramGroups[0]!.initialLr = 0.5
    const [group] = optimizer.stateDict().param_groups
    expect(Object.keys(group!).join(' ')).toBe(
      'eps lr betas weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay initial_lr params',
    )
    const other = new Adam([arena.parameter([1])])
    other.loadStateDict(optimizer.stateDict())
    expect(other.paramGroups[0]!.initialLr).toBe(0.5)
  })

  it('does not assign a key of a state dict to a prototype', async () => {
    const arena = await Arena.create()
    const optimizer = new SGD([arena.parameter([1])])
    const dict = JSON.parse('{"state":{},"param_groups":[{"lr":1,"__proto__":{"polluted":1},"params":[0]}]}')
    expect(thrown(() => optimizer.loadStateDict(dict)).code).toBe('state-mismatch')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('throws before the step when memory runs out', async () => {
    const arena = await Arena.create({ maximumBytes: 3 * 2 ** 20 })
    const w = arena.parameter([200_000], { data: new Float32Array(200_000).fill(1) })
    const optimizer = new Adam([w])
    w.grad = new Float32Array(200_000).fill(1)
    const before = arena.usage().state
    expect(thrown(() => optimizer.step()).code).toBe('out-of-memory')
    expect([arena.usage().state, w.data[0], optimizer.stateDict().state]).toEqual([before, 1, {}])
  })
})

describe('step and zeroGrad', () => {
  it('step calls a closure once, before the update, and returns its value', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new SGD([w], { lr: 1 })
    const loss = optimizer.step(() => {
      w.grad = [2]
      return 7
    })
    expect([loss, w.data[0], optimizer.step()]).toEqual([7, -2, undefined])
  })

  it('zeroGrad removes gradients, or sets them to zeros, which count as gradients', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new Adam([w])
    w.grad = [1]
    optimizer.step()
    optimizer.zeroGrad()
    expect(w.grad).toBeNull()
    optimizer.step()
    expect(optimizer.stateDict().state[0]!.step).toBe(1)
    w.grad = [1]
    optimizer.zeroGrad(false)
    optimizer.step()
    expect([w.grad![0], optimizer.stateDict().state[0]!.step]).toEqual([0, 2])
  })

  it('step calls WebAssembly once per group, for any number of tensors, even if groups interleave', async () => {
    const arena = await Arena.create()
    let calls = 0
    const original = arena.kernels.rule
    Object.assign(arena.kernels, {
      rule: (...args: Parameters<typeof original>) =>
        original(...args).map((kernel) => (spans: number, count: number, uniforms: number) => {
          calls++
          kernel(spans, count, uniforms)
        }),
    })
    const params = Array.from({ length: 200 }, (_, i) => arena.parameter([1 + (i % 40)]))
    const one = new Adam(params)
    for (const parameter of params) parameter.grad = new Float32Array(parameter.size).fill(1)
    one.step()
    expect(calls).toBe(1)
    calls = 0
    const two = new AdamW([
      { params: params.filter((_, i) => i % 2 === 0) },
      { params: params.filter((_, i) => i % 2 === 1), weightDecay: 0 },
    ])
    two.step()
    two.step()
    expect(calls).toBe(4)
  })
})
