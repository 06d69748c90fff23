import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contribute } from '../../host/autograd/gradients.ts'
import { record, tapeOf } from '../../host/autograd/tape.ts'
import { Arena, Generator, type Parameter, SGD, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

const { functional } = nn
const H = 1e-6

/** Compares the gradients of Σ weight·f(inputs) with central differences in float64. */
function checkGradients(arena: Arena, inputs: readonly Parameter[], f: () => Tensor): void {
  const weights = arena.frame(() => Float64Array.from({ length: f().size }, (_, i) => ((i * 7) % 5) - 1.75))
  const value = () =>
    arena.frame(() => {
      const { data } = f()
      return weights.reduce((sum, weight, i) => sum + weight * data[i]!, 0)
    })
  arena.frame(() => {
    const y = f()
    if (y.size === 1) {
      y.backward()
      for (const x of inputs) for (let i = 0; i < x.size; i++) x.grad![i]! *= weights[0]!
      return
    }
    const row = functional.matmul(reshape(y, [1, y.size]), arena.tensor(weights, [y.size, 1], { dtype: 'float64' }))
    row.backward()
  })
  for (const x of inputs) {
    for (let i = 0; i < x.size; i++) {
      const at = x.data[i]!
      x.data[i] = at + H
      const above = value()
      x.data[i] = at - H
      const difference = (above - value()) / (2 * H)
      x.data[i] = at
      expect(Math.abs(x.grad![i]! - difference)).toBeLessThan(1e-6 * Math.max(1, Math.abs(difference)))
    }
  }
}

/** Reshapes a tensor. */
function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const y = x.arena.temporary(shape, x.dtype, 'reshape')
  y.data.set(x.data)
  return record(y, [x], (dy) => contribute(x, (dx) => x.arena.view(x.dtype, dx, x.size).set(x.arena.view(x.dtype, dy, x.size))))
}

const size = fc.integer({ min: 1, max: 9 })

async function setUp(...shapes: number[][]): Promise<[Arena, ...Parameter[]]> {
  const arena = await Arena.create()
  const generator = new Generator(1)
  const params = shapes.map((shape) => {
    const parameter = arena.parameter(shape, { dtype: 'float64' })
    generator.fillNormal(parameter)
    return parameter
  })
  return [arena, ...params]
}

describe('gradients against finite differences', () => {
  it('linear', () =>
    fc.assert(
      fc.asyncProperty(size, size, size, fc.boolean(), async (rows, inputs, outputs, withBias) => {
        const [arena, x, w, b] = await setUp([rows, inputs], [outputs, inputs], [outputs])
        checkGradients(arena, withBias ? [x!, w!, b!] : [x!, w!], () => functional.linear(x!, w!, withBias ? b! : null))
      }),
      { numRuns: 20 },
    ))

  it('matmul', () =>
    fc.assert(
      fc.asyncProperty(size, size, size, async (m, k, n) => {
        const [arena, a, b] = await setUp([m, k], [k, n])
        checkGradients(arena, [a!, b!], () => functional.matmul(a!, b!))
      }),
      { numRuns: 20 },
    ))

  it('relu and tanh', () =>
    fc.assert(
      fc.asyncProperty(size, size, async (m, n) => {
        const [arena, x] = await setUp([m, n])
        checkGradients(arena, [x!], () => functional.relu(x!))
        x!.grad = null
        checkGradients(arena, [x!], () => functional.tanh(x!))
      }),
      { numRuns: 20 },
    ))

  it('crossEntropy', () =>
    fc.assert(
      fc.asyncProperty(size, size, async (rows, classes) => {
        const [arena, x] = await setUp([rows, classes])
        const target = Array.from({ length: rows }, (_, i) => (i * 3) % classes)
        checkGradients(arena, [x!], () => functional.crossEntropy(x!, target))
      }),
      { numRuns: 20 },
    ))

  it('mseLoss', () =>
    fc.assert(
      fc.asyncProperty(size, size, async (m, n) => {
        const [arena, x, y] = await setUp([m, n], [m, n])
        checkGradients(arena, [x!, y!], () => functional.mseLoss(x!, y!))
      }),
      { numRuns: 20 },
    ))

  it('a value used twice accumulates both gradients', async () => {
    const [arena, x, w] = await setUp([3, 3], [3, 3])
    checkGradients(arena, [x!, w!], () => {
      const hidden = functional.tanh(functional.linear(x!, w!))
      return functional.matmul(functional.linear(hidden, w!), functional.relu(hidden))
    })
  })
})

describe('backward', () => {
  it('accumulates into existing gradients', async () => {
    const [arena, x, y] = await setUp([2], [2])
    y!.requiresGrad = false
    const pass = () => arena.frame(() => functional.mseLoss(x!, y!).backward())
    pass()
    const once = [...x!.grad!]
    pass()
    expect([...x!.grad!]).toEqual(once.map((g) => 2 * g))
    expect(y!.grad).toBeNull()
  })

  it("sets the parameters' gradients and leaves memory usage and the tape unchanged", async () => {
    const arena = await Arena.create()
    const model = new nn.Sequential(new nn.Linear(arena, 4, 3), new nn.Tanh(), new nn.Linear(arena, 3, 2))
    const step = () => arena.frame(() => functional.crossEntropy(model.forward(arena.tensor([1, 2, 3, 4], [1, 4])), [1]).backward())
    step()
    const usage = arena.usage()
    for (let i = 0; i < 100; i++) step()
    expect(arena.usage()).toEqual(usage)
    expect(tapeOf(arena).length).toBe(0)
    expect([...model.parameters()].every((parameter) => parameter.hasGrad)).toBe(true)
  })

  it('requires a scalar computed from a parameter in the current frame, and throws on a second call', async () => {
    const [arena, x] = await setUp([2, 2])
    arena.frame(() => {
      expect(thrown(() => functional.relu(x!).backward()).message).toBe('backward: the loss must be one number, got [2, 2]')
      expect(thrown(() => arena.tensor([1], []).backward()).code).toBe('backward-invalid')
      const hidden = functional.tanh(x!)
      const loss = functional.crossEntropy(hidden, [0, 1])
      const second = functional.crossEntropy(hidden, [1, 1])
      loss.backward()
      const before = [...x!.grad!]
      expect(thrown(() => loss.backward()).message).toBe('backward: must not run twice through the same computation')
      expect(thrown(() => second.backward()).code).toBe('backward-invalid')
      expect([...x!.grad!]).toEqual(before)
    })
    const loss = arena.frame(() => functional.crossEntropy(x!, [0, 1]))
    expect(thrown(() => loss.backward()).code).toBe('frame-ended')
  })

  it('ignores operations inside noGrad', async () => {
    const [arena, x] = await setUp([2, 2])
    arena.frame(() => {
      const loss = nn.noGrad(arena, () => functional.crossEntropy(x!, [0, 1]))
      expect(thrown(() => loss.backward()).code).toBe('backward-invalid')
      expect(tapeOf(arena).enabled).toBe(true)
    })
  })
})

describe('mismatched shapes, dtypes and labels', () => {
  it("throw with the function's name and both shapes", async () => {
    const [arena, x, w] = await setUp([2, 3], [4, 5])
    arena.frame(() => {
      expect(thrown(() => functional.linear(x!, w!))).toEqual({
        code: 'shape-mismatch',
        message: 'linear: shapes [2, 3] and [4, 5] do not match: x must be [..., in] and weight [out, in]',
      })
      expect(thrown(() => functional.matmul(x!, w!)).message).toMatch(/^matmul: shapes \[2, 3\] and \[4, 5\]/)
      expect(thrown(() => functional.mseLoss(x!, w!)).message).toMatch(/^mseLoss: shapes \[2, 3\] and \[4, 5\]/)
      expect(thrown(() => functional.crossEntropy(x!, [1])).code).toBe('shape-mismatch')
      expect(thrown(() => functional.relu(arena.tensor([1], [1], { dtype: 'int32' }))).code).toBe('dtype-mismatch')
      expect(thrown(() => functional.mseLoss(x!, arena.tensor(new Float32Array(6), [2, 3]))).message).toBe(
        'mseLoss: inputs must be all float32 or all float64, got float64 and float32',
      )
    })
  })

  it("throw with the label's position", async () => {
    const [arena, x] = await setUp([2, 3])
    for (const [labels, position, value] of [
      [[0, 3], 1, '3'],
      [[-1, 0], 0, '-1'],
      [[0.5, 1], 0, '0.5'],
    ] as const) {
      arena.frame(() => {
        expect(thrown(() => functional.crossEntropy(x!, labels))).toEqual({
          code: 'label-range',
          message: `crossEntropy: target[${position}] must be a class in [0, 3), got ${value}`,
        })
      })
    }
  })
})

describe('modules', () => {
  it("use torch's parameter names, and a custom module is a class with a forward method", async () => {
    const arena = await Arena.create()
    class Perceptron extends nn.Module {
      readonly hidden = new nn.Linear(arena, 4, 8)
      readonly rest = new nn.Sequential(new nn.Tanh(), new nn.Linear(arena, 8, 1, { bias: false }))
      forward(x: Tensor): Tensor {
        return this.rest.forward(this.hidden.forward(x))
      }
    }
    const model = new Perceptron()
    expect([...model.namedParameters()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['hidden.weight', [8, 4]],
      ['hidden.bias', [8]],
      ['rest.1.weight', [1, 8]],
    ])
    expect(arena.frame(() => [...model.forward(arena.tensor(new Float32Array(8), [2, 4])).shape])).toEqual([2, 1])
  })

  it('initialize weights within ±1/√inFeatures, reproducibly for the same seed', async () => {
    const arena = await Arena.create()
    const weights = (seed: number) => [...new nn.Linear(arena, 100, 50, { generator: new Generator(seed) }).weight.data]
    expect(Math.max(...weights(1).map(Math.abs))).toBeLessThanOrEqual(0.1)
    expect(Math.max(...weights(1))).toBeGreaterThan(0.099)
    expect(weights(1)).toEqual(weights(1))
    expect(weights(1)).not.toEqual(weights(2))
  })

  it('throw for invalid sizes', async () => {
    const arena = await Arena.create()
    expect(thrown(() => new nn.Linear(arena, 0, 2)).message).toBe('Linear: inFeatures must be an integer > 0, got 0')
    expect(thrown(() => new nn.Sequential(3 as never)).code).toBe('params-invalid')
  })

  it('fit XOR with a perceptron', async () => {
    const arena = await Arena.create()
    const generator = new Generator(5)
    const model = new nn.Sequential(new nn.Linear(arena, 2, 8, { generator }), new nn.Tanh(), new nn.Linear(arena, 8, 2, { generator }))
    const optimizer = new SGD(model.parameters(), { lr: 0.5, momentum: 0.9 })
    let loss = 1
    for (let step = 0; step < 300; step++) {
      loss = arena.frame(() => {
        const mean = functional.crossEntropy(model.forward(arena.tensor([0, 0, 0, 1, 1, 0, 1, 1], [4, 2])), [0, 1, 1, 0])
        mean.backward()
        optimizer.step()
        optimizer.zeroGrad()
        return mean.item()
      })
    }
    expect(loss).toBeLessThan(0.01)
  })
})
