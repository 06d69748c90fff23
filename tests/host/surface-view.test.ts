/** The pure parts of the page's second view: typed functions and their gradients, equations, links and plot labels. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena } from '../../host/index.ts'
import { declaredEquations, mathml } from '../../web/equations.mjs'
import { optimizers, schedules } from '../../web/surface/catalogue.ts'
import { ExpressionError, parseExpression } from '../../web/surface/expression.ts'
import { decodeSetup, encodeSetup, firstSetup, type Setup, suggested } from '../../web/surface/link.ts'
import { type Box, labelPlace } from '../../web/surface/marks.ts'
import { Run } from '../../web/surface/run.ts'
import { kinds, surfaceNames } from '../../web/surface/surfaces.ts'

const making = { condition: 100, expression: firstSetup().expression, extent: 3 }

/** Returns a central difference. */
function difference(value: (at: number[]) => number, at: readonly number[], axis: number): number {
  const step = 1e-5 * Math.max(1, Math.abs(at[axis]!))
  const moved = (by: number) => at.map((x, i) => (i === axis ? x + by : x))
  return (value(moved(step)) - value(moved(-step))) / (2 * step)
}

describe('a typed function', () => {
  it.each<[string, number]>([
    ['2+3*4', 14],
    ['-2^2', -4],
    ['2^3^2', 512],
    ['2^-1', 0.5],
    ['(1+2)*(3 - 4)/2', -1.5],
    ['1.5e1 + .5', 15.5],
    ['x*y', 6],
    ['abs(-x) + sqrt(4)', 4],
    ['10 - 4 - 3', 3],
    ['2−1·3', -1],
  ])('%s is %d at (2, 3)', (text, value) => {
    expect(parseExpression(text).value([2, 3])).toBe(value)
  })

  it.each(['sin(x)', 'cos(x*y)', 'exp(x-y)', 'log(x+3)', 'sqrt(x+y+5)', 'abs(x)', 'tanh(x*y)', 'pi*x + e*y'])('%s matches Math', (text) => {
    const names = { x: 0.7, y: 1.9 }
    const js = text
      .replace(/\b(sin|cos|exp|log|sqrt|abs|tanh)\b/g, 'Math.$1')
      .replace(/\bpi\b/g, 'Math.PI')
      .replace(/\be\b/g, 'Math.E')
    expect(parseExpression(text).value([names.x, names.y])).toBeCloseTo(new Function('x', 'y', `return ${js}`)(names.x, names.y), 12)
  })

  it('has gradients that match finite differences', () => {
    const texts = fc.letrec<{ text: string }>((tie) => ({
      text: fc.oneof(
        { maxDepth: 4, depthSize: 'medium' },
        fc.constantFrom('x', 'y', 'pi', 'e', '2', '0.5'),
        fc.tuple(tie('text'), fc.constantFrom('+', '-', '*'), tie('text')).map(([a, sign, b]) => `(${a} ${sign} ${b})`),
        fc.tuple(tie('text'), tie('text')).map(([a, b]) => `${a} / (2 + (${b})^2)`),
        fc.tuple(fc.constantFrom('sin', 'cos', 'tanh'), tie('text')).map(([name, a]) => `${name}(${a})`),
        tie('text').map((a) => `sqrt(1 + (${a})^2)`),
        tie('text').map((a) => `log(1.5 + (${a})^2)`),
        tie('text').map((a) => `exp(sin(${a}))`),
        tie('text').map((a) => `(1.2 + cos(${a}))^y`),
        tie('text').map((a) => `-(${a})^3`),
      ),
    })).text
    const coordinate = fc.double({ min: -2, max: 2, noNaN: true })
    fc.assert(
      fc.property(texts, coordinate, coordinate, (text, x, y) => {
        fc.pre(text.length < 400)
        const { value, gradient } = parseExpression(text)
        const slopes = gradient([x, y])
        // Finite differences are meaningless where a function oscillates within the step size.
        fc.pre(Math.hypot(...slopes) < 1e3 && Math.abs(value([x, y])) < 1e4)
        for (const axis of [0, 1]) {
          const near = [-2, 2].map((by) => difference(value, axis === 0 ? [x + by * 1e-5, y] : [x, y + by * 1e-5], axis))
          fc.pre(Math.abs(near[0]! - near[1]!) < 1e-2 * (1 + Math.abs(near[0]!)))
          const slope = difference(value, [x, y], axis)
          expect(Math.abs(slopes[axis]! - slope)).toBeLessThan(1e-3 * (1 + Math.abs(slope)))
        }
      }),
      { numRuns: 400 },
    )
  })

  it.each<[string, string, number]>([
    ['', 'Expected a number, a variable or (', 0],
    ['x +', 'Expected a number, a variable or (', 3],
    ['2x', 'Missing operator before ‘x’ (write products with *)', 1],
    ['x y', 'Missing operator before ‘y’ (write products with *)', 2],
    ['foo(x)', 'Unknown name ‘foo’ (known: x, y, pi, e, sin, cos, exp, log, sqrt, abs, tanh)', 0],
    ['sin x', 'Missing ( after sin', 4],
    ['(x + 1', 'Unclosed (', 0],
    ['x)', 'Unmatched )', 1],
    ['x * * y', 'Expected a number, a variable or (, got ‘*’', 4],
    ['x ? y', 'Unknown character ‘?’', 2],
    ['constructor', 'Unknown name ‘constructor’ (known: x, y, pi, e, sin, cos, exp, log, sqrt, abs, tanh)', 0],
  ])('throws for %j', (text, why, position) => {
    expect(() => parseExpression(text)).toThrow(new ExpressionError(position, why))
  })

  it('parses any text or throws an ExpressionError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'xy+-*/^()1. esincolog') }), (text) => {
        try {
          parseExpression(text)
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('surfaces', () => {
  it.each(surfaceNames)('%s has gradients that match finite differences, and correct minima', (name) => {
    const { value, gradient, minima } = kinds[name].make(making)
    for (const at of [[0.3, -0.8], [-1.7, 1.2], kinds[name].start as readonly number[]]) {
      const slopes = gradient(at)
      for (const axis of [0, 1]) expect(slopes[axis]).toBeCloseTo(difference(value, at, axis), 3)
    }
    for (const minimum of minima) for (const slope of gradient(minimum)) expect(Math.abs(slope)).toBeLessThan(1e-3)
  })

  it('run every optimizer, bit-identically each time', async () => {
    const arena = await Arena.create()
    for (const surface of surfaceNames) {
      const ground = kinds[surface].make(making)
      for (const name of Object.keys(optimizers)) {
        const ways = [0, 1].map(() => {
          const run = new Run(arena, ground, suggested(name, surface), kinds[surface].start)
          for (let i = 0; i < 40; i++) run.step()
          expect(run.problem, `${name} on ${surface}`).toBe('')
          expect(run.steps).toBe(40)
          run.dispose()
          return run.path
        })
        expect(ways[0]).toEqual(ways[1])
        expect(ways[0]!.slice(-2), `${name} on ${surface}`).not.toEqual(ways[0]!.slice(0, 2))
      }
    }
    expect(arena.usage()).toMatchObject({ parameters: 0, gradients: 0, state: 0 })
    arena.dispose()
  })

  it('run every schedule', async () => {
    const arena = await Arena.create()
    const ground = kinds.quadratic.make(making)
    for (const [schedule, { start }] of Object.entries(schedules)) {
      const racer = { ...suggested('SGD', 'quadratic'), schedule, scheduleOptions: start(60, 0.005) }
      const run = new Run(arena, ground, racer, [-1, 0.8])
      const rates = new Set<number>()
      for (let i = 0; i < 60; i++) {
        rates.add(run.lr)
        run.step()
      }
      expect(run.problem, schedule).toBe('')
      expect(rates.size > 1 || schedule === 'ReduceLROnPlateau', schedule).toBe(true)
      run.dispose()
    }
    arena.dispose()
  })
})

describe('equations', async () => {
  const declared = await declaredEquations()
  const arity: Readonly<Record<string, number>> = { msub: 2, msup: 2, msubsup: 3, mfrac: 2, mover: 2, munder: 2, msqrt: 1 }

  /** Asserts that elements nest and have the number of children that MathML requires. */
  function expectWellFormed(math: string): void {
    const open: { tag: string; children: number }[] = [{ tag: '', children: 0 }]
    for (const [, end, tag] of math.matchAll(/<(\/?)(\w+)[^>]*>/g)) {
      if (!end) {
        open.at(-1)!.children++
        open.push({ tag: tag!, children: 0 })
        continue
      }
      const { tag: opened, children } = open.pop()!
      expect(opened).toBe(tag)
      if (arity[opened]) expect(children, math).toBe(arity[opened])
    }
    expect(open).toEqual([{ tag: '', children: 1 }])
  }

  it.each([...Object.keys(optimizers), ...Object.keys(schedules)])('of %s are MathML', (name) => {
    expect(declared[name]!.length).toBeGreaterThan(0)
    for (const math of declared[name]!) {
      expect(math).toMatch(/^<math display="block">.*<\/math>$/s)
      expect(math).not.toMatch(/\\|\bundefined\b|annotation/)
      expectWellFormed(math)
    }
  })

  it('throw for LaTeX that KaTeX does not know', () => {
    expect(() => mathml('a + \\foo')).toThrow('\\foo')
    expect(() => mathml('\\frac{a')).toThrow()
  })
})

describe('links', () => {
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
  const setups: fc.Arbitrary<Setup> = fc.record({
    surface: fc.constantFrom('quadratic' as const, 'typed' as const),
    condition: finite,
    expression: fc.string(),
    extent: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    start: fc.tuple(finite, finite),
    steps: fc.integer({ min: 200, max: 5000 }),
    at: fc.integer({ min: 0, max: 200 }),
    speed: fc.integer({ min: 1, max: 500 }),
    chosen: fc.constant(1),
    racers: fc.tuple(
      fc.record({
        optimizer: fc.constant('Adam'),
        options: fc.record({ lr: finite, betas: fc.tuple(finite, finite), amsgrad: fc.boolean() }),
        schedule: fc.constantFrom('', 'MultiStepLR').map((name) => name as ''),
        scheduleOptions: fc.constant({}),
      }),
      fc.constant({
        optimizer: 'LBFGS',
        options: { lineSearchFn: null, maxEval: Number.NaN },
        schedule: 'MultiStepLR',
        scheduleOptions: { milestones: [30], gamma: 0.5 },
      }),
      fc.string().map((lrLambda) => ({ optimizer: 'SGD', options: {}, schedule: 'LambdaLR', scheduleOptions: { lrLambda } })),
    ),
  })

  it('round-trip the whole setup', () => {
    fc.assert(
      fc.property(setups, (setup) => {
        const { surface, condition, expression, extent } = decodeSetup(new URLSearchParams(encodeSetup(setup)))
        const kept = surface === 'typed' ? { condition: 100 } : { expression: firstSetup().expression, extent: 3 }
        expect({ condition, expression, extent }).toEqual({
          ...{ condition: setup.condition, expression: setup.expression, extent: setup.extent },
          ...kept,
        })
        expect(decodeSetup(new URLSearchParams(encodeSetup(setup)))).toEqual({ ...setup, ...kept })
      }),
    )
  })

  it('decode any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (f, o, x) => {
        const { racers, start, surface } = decodeSetup(
          new URLSearchParams([
            ['f', f],
            ['o', o],
            ['o', `Adam,${o}`],
            ['x', x],
          ]),
        )
        expect(surfaceNames).toContain(surface)
        expect(racers.length).toBeGreaterThan(0)
        expect(start.every(Number.isFinite)).toBe(true)
      }),
    )
    expect(decodeSetup(new URLSearchParams('o=toString,lr:1&o=Adam,valueOf:3,lr:0.5')).racers).toEqual([
      { optimizer: 'Adam', options: { lr: 0.5 }, schedule: '', scheduleOptions: {} },
    ])
  })
})

it('plot labels never overlap, wherever the paths end', () => {
  const within = { width: 360, height: 360 }
  const coordinate = fc.double({ min: 6, max: 354, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(coordinate, coordinate), { maxLength: 15 }), (ends) => {
      const taken: Box[] = []
      for (const end of ends) taken.push(labelPlace(end, { width: 80, height: 16 }, within, taken).box)
      for (const [i, a] of taken.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= 360 && a.y + a.height <= 360).toBe(true)
        for (const b of taken.slice(i + 1)) {
          expect(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y).toBe(true)
        }
      }
    }),
  )
})
