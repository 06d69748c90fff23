import { describe, expect, it } from 'vitest'
import { Adam, Arena, registerOptimizerStepPostHook, registerOptimizerStepPreHook, SGD } from '../../host/index.ts'
import { thrown } from './thrown.ts'

async function one() {
  const arena = await Arena.create()
  const w = arena.parameter([1], { data: [1] })
  w.grad = [1]
  return { w, optimizer: new SGD([w], { lr: 0.5 }) }
}

describe('hooks', () => {
  it('run around a step in registration order, global hooks outermost, until they are removed', async () => {
    const { w, optimizer } = await one()
    const seen: string[] = []
    const note = (name: string) => () => void seen.push(`${name} ${w.data[0]}`)
    const removes = [
      registerOptimizerStepPreHook(note('any before')),
      registerOptimizerStepPostHook(note('any after')),
      optimizer.registerStepPreHook(note('first')),
      optimizer.registerStepPreHook(note('second')),
      optimizer.registerStepPostHook(note('after')),
    ]
    optimizer.step()
    expect(seen).toEqual(['any before 1', 'first 1', 'second 1', 'after 0.5', 'any after 0.5'])
    for (const remove of removes) remove()
    for (const remove of removes) remove()
    optimizer.step()
    expect(seen.length).toBe(5)
  })

  it('can change options before a step', async () => {
    const { w, optimizer } = await one()
    optimizer.registerStepPreHook(({ paramGroups }) => {
      paramGroups[0]!.lr = 0.25
    })
    optimizer.step()
    expect(w.data[0]).toBe(0.75)
  })

  it('see and can replace the state dict around saving and loading', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([1])
    const optimizer = new Adam([w])
    const order: string[] = []
    optimizer.registerStateDictPreHook(() => void order.push('before saving'))
    optimizer.registerStateDictPostHook((_, dict) => ({ ...dict, note: 'mine' }) as never)
    const saved = optimizer.stateDict() as unknown as { note: string }
    expect([saved.note, ...order]).toEqual(['mine', 'before saving'])
    optimizer.registerLoadStateDictPreHook((_, dict) => ({
      ...dict,
      param_groups: dict.param_groups.map((group) => ({ ...group, lr: 0.125 })),
    }))
    optimizer.registerLoadStateDictPostHook((given) => void order.push(`loaded ${given.lr()}`))
    optimizer.loadStateDict(saved as never)
    expect(order.at(-1)).toBe('loaded 0.125')
  })

  it('must not dispose the optimizer during a step, because its memory may be reused', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([4], { data: [1, 1, 1, 1] })
    const optimizer = new Adam([w])
    w.grad = [1, 1, 1, 1]
    optimizer.step()
    let other = w
    const closure = () => {
      optimizer.dispose()
      other = arena.parameter([4], { data: [7, 7, 7, 7] })
      return 1
    }
    expect(thrown(() => optimizer.step(closure)).code).toBe('disposed')
    expect([...other.data]).toEqual([7, 7, 7, 7])
    const second = new Adam([w])
    second.registerStepPreHook(() => second.dispose())
    expect(thrown(() => second.step()).code).toBe('disposed')
  })

  it('must be functions', async () => {
    const { optimizer } = await one()
    expect(thrown(() => optimizer.registerStepPreHook(null as never)).code).toBe('option-range')
    expect(thrown(() => registerOptimizerStepPostHook(3 as never)).code).toBe('option-range')
  })
})
