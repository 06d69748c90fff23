import { describe, expect, it } from 'vitest'
import { Adam, Arena, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

describe('an argument', () => {
  it('is copied: groups do not share an array of options', async () => {
    const arena = await Arena.create()
    const betas: [number, number] = [0.9, 0.999]
    const optimizer = new Adam([{ params: [arena.parameter([1])] }, { params: [arena.parameter([1])] }], { betas })
    betas[0] = 0
    ;(optimizer.paramGroups[0]!.betas as unknown as number[])[0] = 0.5
    expect(optimizer.paramGroups.map((group) => group.betas[0])).toEqual([0.5, 0.9])
    expect(new Adam([arena.parameter([1])]).paramGroups[0]!.betas[0]).toBe(0.9)
    const saved = optimizer.stateDict()
    ;(saved.param_groups[1]!.betas as number[])[0] = 0.1
    expect(optimizer.paramGroups[1]!.betas[0]).toBe(0.9)
    optimizer.loadStateDict(saved)
    ;(saved.param_groups[1]!.betas as number[])[0] = 0.2
    expect(optimizer.paramGroups[1]!.betas[0]).toBe(0.1)
  })

  it('can be a view of the arena, even if growth detaches it', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([30_000])
    w.data.fill(3)
    const copies = Array.from({ length: 8 }, () => arena.parameter([30_000], { data: w.data }))
    expect(copies.every(({ data }) => data.every((value) => value === 3))).toBe(true)
    for (const parameter of copies) parameter.grad = w.data
    expect(copies.every(({ grad }) => grad!.every((value) => value === 3))).toBe(true)
  })

  it.each([
    ['a BigInt array', new BigInt64Array(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['strings', ['1', '2']],
    ['a hole', [1, undefined]],
    ['an object', { length: 2 }],
    ['a number', 2],
  ])('throws if its data is %s', async (_, data) => {
    const arena = await Arena.create()
    const w = arena.parameter([2])
    expect(thrown(() => arena.parameter([2], { data: data as never })).code).toBe('dtype-mismatch')
    expect(thrown(() => arena.tensor(data as never, [2])).code).toBe('dtype-mismatch')
    expect(thrown(() => (w.grad = data as never)).code).toMatch(/dtype-mismatch|shape-mismatch/)
    expect([w.grad, arena.usage().gradients]).toEqual([null, 0])
  })

  it('throws if it has a misspelled option', async () => {
    const arena = await Arena.create()
    await expect(Arena.create({ maxBytes: 1 } as never)).rejects.toThrow('did you mean maximumBytes?')
    expect(thrown(() => arena.parameter([1], { type: 'float64' } as never)).message).toContain('did you mean dtype?')
    expect(thrown(() => new nn.Linear(arena, 1, 1, { Bias: false } as never)).message).toContain('did you mean bias?')
    expect(thrown(() => new Adam([arena.parameter([1])], 0.1 as never)).message).toBe(
      'Adam: options must be an object, as in { lr: … }, got 0.1',
    )
  })
})

describe('dispose', () => {
  it('frees the memory of an arena; its tensors then throw', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new Adam([w])
    w.grad = [1]
    arena.dispose()
    arena.dispose()
    expect(arena.memory.byteLength).toBe(0)
    for (const use of [() => w.data, () => w.grad, () => (w.grad = [1]), () => optimizer.step(), () => arena.parameter([1])]) {
      expect(thrown(use).code).toBe('disposed')
    }
    optimizer.dispose()
    w.dispose()
  })

  it('lets zeroGrad clear gradients of a disposed parameter; any other use throws', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([1]), arena.parameter([1])]
    const optimizer = new Adam([a, b])
    for (const parameter of [a, b]) parameter.grad = [1]
    a.dispose()
    optimizer.zeroGrad()
    expect([b.hasGrad, thrown(() => (a.grad = [1])).code]).toEqual([false, 'disposed'])
    expect(thrown(() => new Adam([a])).code).toBe('disposed')
  })
})

describe('modules', () => {
  class Stack extends nn.Module {
    readonly blocks: nn.Module[]
    readonly tied: nn.Linear
    constructor(arena: Arena) {
      super()
      const first = new nn.Linear(arena, 2, 2)
      this.blocks = [first, new nn.Tanh(), new nn.Linear(arena, 2, 2, { bias: false })]
      this.tied = first
    }
    forward(x: Tensor): Tensor {
      return this.tied.forward(this.blocks.reduce((result, block) => block.forward(result), x))
    }
  }

  it('are found in arrays, and shared parameters are listed once', async () => {
    const arena = await Arena.create()
    const model = new Stack(arena)
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(['blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight'])
    expect([...model.modules()].length).toBe(4)
    const optimizer = new Adam(model.namedParameters())
    optimizer.loadStateDict(new Adam(model.parameters()).stateDict())
    expect(optimizer.paramGroups[0]!.paramNames).toEqual(['blocks.0.weight', 'blocks.0.bias', 'blocks.2.weight'])
    expect(thrown(() => new nn.Sequential(3 as never)).message).toBe('Sequential: layers[0] must be a Module, got 3')
  })
})
