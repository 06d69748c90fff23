import { expect, it } from 'vitest'
import { AdamW, Arena, groupsByName, layerwiseLr, noDecay } from '../../host/index.ts'
import { thrown } from './thrown.ts'

const arena = await Arena.create()

/** Returns parameters named as in a small transformer. */
function named() {
  const shapes: Record<string, number[]> = {
    'embed.weight': [9, 4],
    'layers.0.attn.in_proj_weight': [12, 4],
    'layers.0.attn.in_proj_bias': [12],
    'layers.0.norm1.weight': [2, 2],
    'layers.1.attn.in_proj_weight': [12, 4],
    'layers.1.norm1.weight': [4],
    'head.weight': [3, 4],
    'head.bias': [3],
  }
  return Object.entries(shapes).map(([name, shape]) => [name, arena.parameter(shape)] as const)
}

const shown = (optimizer: AdamW, option: 'lr' | 'weightDecay') =>
  Object.fromEntries(optimizer.paramGroups.flatMap((group) => group.paramNames!.map((name) => [name, group[option]])))

it('noDecay sets weightDecay 0 for biases and normalization weights of any shape', () => {
  const optimizer = new AdamW(noDecay(named()), { weightDecay: 0.1 })
  expect(optimizer.paramGroups.length).toBe(2)
  expect(shown(optimizer, 'weightDecay')).toEqual({
    'embed.weight': 0.1,
    'layers.0.attn.in_proj_weight': 0.1,
    'layers.0.attn.in_proj_bias': 0,
    'layers.0.norm1.weight': 0,
    'layers.1.attn.in_proj_weight': 0.1,
    'layers.1.norm1.weight': 0,
    'head.weight': 0.1,
    'head.bias': 0,
  })
})

it('layerwiseLr decays the rate from the last layer to the first; a pattern extracts the layer from a name', () => {
  const optimizer = new AdamW(layerwiseLr(named(), { lr: 1, decay: 0.5, layer: /^layers\.\d+|^\w+/ }))
  expect(shown(optimizer, 'lr')).toEqual({
    'embed.weight': 0.125,
    'layers.0.attn.in_proj_weight': 0.25,
    'layers.0.attn.in_proj_bias': 0.25,
    'layers.0.norm1.weight': 0.25,
    'layers.1.attn.in_proj_weight': 0.5,
    'layers.1.norm1.weight': 0.5,
    'head.weight': 1,
    'head.bias': 1,
  })
})

it('noDecay and layerwiseLr combine in either order and keep existing group options', () => {
  const rates = { lr: 1, decay: 0.5, layer: /^layers\.\d+|^\w+/g }
  const one = new AdamW(layerwiseLr(noDecay(named()), rates))
  const other = new AdamW(noDecay(layerwiseLr(named(), rates)))
  for (const option of ['lr', 'weightDecay'] as const) expect(shown(one, option)).toEqual(shown(other, option))
  const grouped = new AdamW(noDecay([{ params: named(), lr: 0.3, weightDecay: 0.2 }]))
  expect(grouped.paramGroups.map(({ lr, weightDecay }) => [lr, weightDecay])).toEqual([
    [0.3, 0.2],
    [0.3, 0],
  ])
})

it('groupsByName lets later patterns override earlier ones and throws for a pattern that matches nothing', () => {
  const groups = groupsByName<{ lr: number; weightDecay: number }>(named(), [
    [/^layers/, { lr: 0.1 }],
    [/norm/g, { weightDecay: 0 }],
    [/^layers\.1/y, { lr: 0.2 }],
  ])
  const optimizer = new AdamW(groups, { lr: 1 })
  expect(shown(optimizer, 'lr')).toMatchObject({ 'embed.weight': 1, 'layers.0.norm1.weight': 0.1, 'layers.1.norm1.weight': 0.2 })
  expect(thrown(() => groupsByName(named(), [[/^encoder/, {}]])).message).toBe('groupsByName: no parameter name matches /^encoder/')
  expect(thrown(() => groupsByName(named(), [['head', {}]] as never)).code).toBe('option-range')
})

it('unnamed parameters throw', () => {
  const bare = [arena.parameter([2])]
  for (const make of [() => noDecay(bare), () => layerwiseLr(bare, { lr: 1, decay: 1 }), () => groupsByName<{ lr: number }>(bare, [])]) {
    expect(thrown(make).message).toContain('parameters must have names, as from model.namedParameters()')
  }
  expect(thrown(() => noDecay(3 as never)).code).toBe('params-invalid')
  expect(thrown(() => layerwiseLr(named(), undefined as never)).code).toBe('option-range')
  expect(thrown(() => layerwiseLr(named(), { lr: 1, decay: 0 })).message).toContain('decay must be a number in (0, ∞), got 0')
})
