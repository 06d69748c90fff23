import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, type Parameter } from '../../host/index.ts'
import type { AnyRule } from '../../host/optimizer/rule.ts'
import { rules as kernelNames } from '../../host/wasm/generated/kernels.ts'
import type { FloatType } from '../../host/wasm/wasm.ts'
import { everyRule, setGradient, shapesFor, variants } from './every-rule.ts'
import { thrown } from './thrown.ts'

function makeParams(arena: Arena, dtype: FloatType, rule: AnyRule): Parameter[] {
  return shapesFor(rule).map((shape, s) => {
    const parameter = arena.parameter(shape, { dtype })
    for (let i = 0; i < parameter.size; i++) parameter.data[i] = ((i * 13 + s * 5) % 16) / 8 - 1
    return parameter
  })
}

function bits(params: readonly Parameter[]): number[][] {
  return params.map(({ data }) => [...new Uint8Array(data.slice().buffer)])
}

it('every kernel has an optimizer, and every optimizer has a kernel', () => {
  expect(new Set(everyRule.map(({ rule }) => rule.kernel))).toEqual(new Set(Object.values(kernelNames)))
})

describe.each(everyRule)('$name', ({ Class, rule }) => {
  const options = variants(rule)

  it("declares its kernel's flags, state and uniforms, with documentation", () => {
    const names = rule.kernel
    expect(Object.keys(rule.flags).sort()).toEqual([...names.flags].sort())
    expect(Object.keys(rule.state).sort()).toEqual([...names.state].sort())
    expect(Object.keys(rule.uniforms).sort()).toEqual([...names.uniforms].sort())
    expect(rule.name).toBe(Class.name)
    expect(rule.math.length).toBeGreaterThan(0)
    expect(rule.paper).toMatch(/\d{4}/)
    for (const option of Object.values(rule.options)) expect(option.doc && option.accepts(option.default)).toBe(true)
  })

  it('throws for values its declaration rejects, with the option name', async () => {
    const arena = await Arena.create()
    const params = [arena.parameter([2])]
    for (const [name, option] of Object.entries(rule.options).filter(([, o]) => !o.fixed)) {
      for (const wrong of [Number.NaN, 'text', {}, -1e9, 1e9, [2, 2], [0.5], true, null]) {
        if (option.accepts(wrong)) continue
        const { code, message } = thrown(() => new Class(params, { [name]: wrong }))
        expect(code).toBe('option-range')
        expect(message).toContain(`${rule.name}: ${name} must be`)
        expect(thrown(() => new Class([{ params, [name]: wrong }])).code).toBe('option-range')
      }
    }
    expect(thrown(() => new Class(params, { leraningRate: 1 })).code).toBe('option-unknown')
    if ('weightDecay' in rule.options) {
      const { message } = thrown(() => new Class(params, { weight_decay: 1 }))
      expect(message).toBe(`${rule.name} has no option weight_decay, did you mean weightDecay?`)
    }
  })

  it.each(['float32', 'float64'] as const)('resumes from its state dict bit-identically (%s)', async (dtype) => {
    for (const chosen of options) {
      const arena = await Arena.create()
      const [one, other] = [makeParams(arena, dtype, rule), makeParams(arena, dtype, rule)]
      const first = new Class(one, chosen)
      const step = (params: readonly Parameter[], optimizer: { step(): unknown }, t: number) => {
        for (const parameter of params) setGradient(rule, parameter, t)
        optimizer.step()
      }
      for (let t = 0; t < 5; t++) step(one, first, t)
      const second = new Class(other, { lr: 0.5 })
      second.loadStateDict(structuredClone(first.stateDict()))
      for (const [i, parameter] of other.entries()) parameter.data.set(one[i]!.data)
      expect(second.stateDict()).toEqual(first.stateDict())
      for (let t = 5; t < 8; t++) {
        step(one, first, t)
        step(other, second, t)
      }
      expect(bits(other)).toEqual(bits(one))
      expect(second.stateDict()).toEqual(first.stateDict())
    }
  })

  it('steps parameters together or one by one, in one group or several, bit-identically', async () => {
    for (const chosen of options) {
      const arena = await Arena.create()
      const [together, apart] = [makeParams(arena, 'float32', rule), makeParams(arena, 'float32', rule)]
      const one = new Class(together, chosen)
      const several = apart.map((parameter) => new Class([parameter], chosen))
      for (let t = 0; t < 4; t++) {
        for (const parameter of [...together, ...apart]) setGradient(rule, parameter, t)
        one.step()
        for (const optimizer of several) optimizer.step()
      }
      expect(bits(together)).toEqual(bits(apart))
    }
  })

  it('skips parameters without a gradient at any step', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.boolean(), { minLength: shapesFor(rule).length, maxLength: shapesFor(rule).length }), {
          minLength: 1,
          maxLength: 8,
        }),
        async (present) => {
          const arena = await Arena.create()
          const [together, apart] = [makeParams(arena, 'float64', rule), makeParams(arena, 'float64', rule)]
          const one = new Class(together, options.at(-1)!)
          const several = apart.map((parameter) => new Class([parameter], options.at(-1)!))
          for (const [t, row] of present.entries()) {
            for (const params of [together, apart]) {
              for (const [i, parameter] of params.entries()) {
                if (row[i]) setGradient(rule, parameter, t)
                else parameter.grad = null
              }
            }
            one.step()
            for (const [i, optimizer] of several.entries()) if (row[i]) optimizer.step()
          }
          expect(bits(together)).toEqual(bits(apart))
          const states = one.stateDict().state
          for (const [i, optimizer] of several.entries()) expect(states[i]).toEqual(optimizer.stateDict().state[0])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('changes no other memory', async () => {
    const arena = await Arena.create()
    const before = arena.parameter([5], { data: [1, 2, 3, 4, 5] })
    const params = makeParams(arena, 'float32', rule)
    const after = arena.parameter([5], { data: [5, 4, 3, 2, 1] })
    const optimizer = new Class(params, options.at(-1)!)
    for (const parameter of params) setGradient(rule, parameter, 1)
    const grads = params.map(({ grad, sparseGrad }) => [...(grad ?? sparseGrad!.values)])
    optimizer.step()
    expect([...before.data, ...after.data]).toEqual([1, 2, 3, 4, 5, 5, 4, 3, 2, 1])
    expect(params.map(({ grad, sparseGrad }) => [...(grad ?? sparseGrad!.values)])).toEqual(grads)
  })

  it('reports the size of its state in advance', async () => {
    const arena = await Arena.create()
    const params = makeParams(arena, 'float32', rule)
    const optimizer = new Class(params, options.at(-1)!)
    const said = optimizer.stateBytes
    for (const parameter of params) setGradient(rule, parameter, 1)
    optimizer.step()
    expect(arena.usage().state).toBe(said)
    optimizer.dispose()
    optimizer.dispose()
    expect(arena.usage().state).toBe(0)
    expect(thrown(() => optimizer.step()).code).toBe('disposed')
  })

  it('is unchanged by an invalid state dict', async () => {
    const arena = await Arena.create()
    const params = makeParams(arena, 'float32', rule)
    const optimizer = new Class(params, options.at(-1)!)
    for (const parameter of params) setGradient(rule, parameter, 1)
    optimizer.step()
    const saved = optimizer.stateDict()
    const key = Object.keys(saved.state[0]!).find((name) => typeof saved.state[0]![name] === 'object')!
    const state = (change: object) => ({ ...saved, state: { ...saved.state, 0: { ...saved.state[0], ...change } } })
    const group = (change: object) => ({ ...saved, param_groups: [{ ...saved.param_groups[0], ...change }] })
    const wrong: [string, object][] = [
      ['no groups', { state: {}, param_groups: [] }],
      ['fewer parameters', { ...saved, param_groups: [{ ...saved.param_groups[0], params: [0] }] }],
      ['a mismatched shape', state({ [key]: { dtype: 'float32', shape: [2], data: new Float32Array(2) } })],
      ['an unknown key', state({ momentum: 1 })],
      ['state without a parameter', { ...saved, state: { ...saved.state, 99: {} } }],
      ['a string for data', state({ [key]: { ...(saved.state[0]![key] as object), data: 'text' } })],
      ['a tensor without a shape', state({ [key]: { dtype: 'float32', shape: null, data: new Float32Array(2) } })],
      ['a string for an option', group({ lr: 'fast' })],
      ['NaN for an option', group({ lr: Number.NaN })],
      ['an option without a value', group({ lr: undefined })],
      ['too few names', group({ param_names: ['a'] })],
      ['a string from a scheduler', group({ initial_lr: 'abc' })],
      ['a map', { ...saved, state: new Map() }],
      ['an empty object', {}],
      ['null', null as never],
    ]
    const camelCase = Object.keys(rule.options).find((name) => /[A-Z]/.test(name))
    if (camelCase) wrong.push(['an option with two names', group({ [camelCase]: 0 })])
    for (const [what, dict] of wrong) {
      expect(['state-mismatch', 'option-range'], what).toContain(thrown(() => optimizer.loadStateDict(dict as never)).code)
      expect(optimizer.stateDict(), what).toEqual(saved)
    }
  })
})
