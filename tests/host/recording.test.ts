import { describe, expect, it } from 'vitest'
import { tapeOf } from '../../host/autograd/tape.ts'
import type { Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { arena, passed } from './differences.ts'
import { thrown } from './thrown.ts'

const F = nn.functional
type Numbers = readonly number[] | null
type Block = (...inputs: Tensor[]) => Tensor

const near = (numbers: Numbers) => numbers?.map((number) => expect.closeTo(number, 13)) ?? null

describe('gradients', () => {
  it('stop at detach, which returns the same values', () => {
    const { y, x, w } = passed((x, w) => F.mul(F.detach(F.linear(x, w)), x))
    const plain = passed((x) => F.affine(x, 1, 0))
    expect(w).toBeNull()
    expect(y).toEqual(passed((x, w) => F.mul(F.linear(x, w), x)).y)
    expect(x).toEqual(near(y.map((product, i) => (plain.x![i]! * product) / plain.y[i]!)))
  })

  it('treat results computed in noGrad as constants, and recording resumes when noGrad throws', () => {
    const inside = passed((x, w) => {
      const constant = nn.noGrad(arena, () => F.linear(x, w))
      return F.mul(constant, x)
    })
    expect(inside).toEqual(passed((x, w) => F.mul(F.detach(F.linear(x, w)), x)))
    expect(thrown(() => nn.noGrad(arena, () => arena.tensor([1], [2]))).code).toBe('shape-mismatch')
    expect(tapeOf(arena).enabled).toBe(true)
  })

  it('of a tensor that is not a parameter are freed with their frame', () => {
    const tensor = arena.tensor([1, 2], [2])
    tensor.requiresGrad = true
    arena.frame(() => F.sum(F.mul(tensor, tensor)).backward())
    arena.frame(() => {
      const others = Array.from({ length: 20 }, () => arena.tensor([7, 7]))
      F.sum(F.mul(tensor, tensor)).backward()
      for (const { data } of others) expect([...data]).toEqual([7, 7])
    })
  })
})

describe('checkpoint', () => {
  const plainly = (f: Block, ...inputs: Tensor[]) => f(...inputs)

  it.each<[string, (x: Tensor, w: Tensor) => Tensor]>([
    ['parameters', (x) => x],
    ['results', (x, w) => F.linear(F.softmax(F.linear(x, w), 1), w)],
  ])('on %s is bit-identical to the plain block', (_, before) => {
    const net = (apply: typeof plainly) =>
      passed((x, w) => {
        const block: Block = (h) => F.tanh(F.linear(F.silu(F.linear(h!, w)), w))
        return F.softplus(apply(block, F.softmax(F.linear(apply(block, before(x, w)), w), 0)))
      })
    expect(net(F.checkpoint)).toEqual(net(plainly))
  })

  it('accumulates gradients of inputs that are used elsewhere or passed twice', () => {
    const net = (apply: typeof plainly) =>
      passed((x, w) => {
        const [h, constant] = [F.linear(x, w), arena.tensor([1, 2, 3], [3], { dtype: 'float64' })]
        // A long chain of operations runs between the checkpoint and the origin of h in the backward pass.
        let other = h
        for (let i = 0; i < 50; i++) other = F.tanh(other)
        return F.add(
          apply((a, b, c) => F.add(F.mul(a!, c!), F.linear(b!, w)), h, h, constant),
          other,
        )
      })
    const [got, want] = [net(F.checkpoint), net(plainly)]
    expect(got).toEqual({ y: want.y, x: near(want.x), w: near(want.w) })
  })

  it('can be nested', () => {
    const net = (apply: typeof plainly) =>
      passed((x, w) => apply((h) => F.tanh(apply((g) => F.linear(g!, w), F.linear(h!, w))), F.linear(x, w)))
    expect(net(F.checkpoint)).toEqual(net(plainly))
  })

  it('keeps only the result, and runs the block once forward and once backward', () => {
    let runs = 0
    const block: Block = (x) => {
      runs++
      let y = x!
      for (let i = 0; i < 500; i++) y = F.tanh(y)
      return y
    }
    const activations = () => arena.usage().activations
    arena.frame(() => {
      const x = arena.tensor(new Float32Array(1000), [1000])
      F.checkpoint(block, x)
      const before = activations()
      for (let i = 0; i < 20; i++) F.checkpoint(block, x)
      expect(activations()).toBe(before)
    })
    runs = 0
    passed((x) => F.checkpoint(block, x))
    expect(runs).toBe(2)
  })

  it('does not propagate to unused inputs', () => {
    const [used, unused] = [arena.parameter([2], { data: [1, 2] }), arena.parameter([2], { data: [3, 4] })]
    arena.frame(() => F.sum(F.checkpoint((a) => F.mul(a!, 2), F.exp(used), F.exp(unused))).backward())
    expect([...used.grad!].map((value) => value.toFixed(3))).toEqual(['5.437', '14.778'])
    expect(unused.grad).toBeNull()
  })

  it('accepts constants, and an identity block', () => {
    const [exp, same]: Block[] = [(y) => F.exp(y!), (y) => y!]
    expect(passed((x) => F.mul(F.checkpoint(exp!, F.detach(x)), x))).toEqual(passed((x) => F.mul(F.exp(F.detach(x)), x)))
    expect(passed((x) => F.checkpoint(same!, F.affine(x, 3, 0)))).toEqual(passed((x) => F.affine(x, 3, 0)))
  })

  it('runs the backward pass inside noGrad', () => {
    const x = arena.parameter([2], { dtype: 'float64', data: [1, 2] })
    arena.frame(() => {
      const loss = F.sum(F.checkpoint((h) => F.mul(h, h), x))
      nn.noGrad(arena, () => loss.backward())
    })
    expect([...x.grad!]).toEqual([2, 4])
    expect(tapeOf(arena).enabled).toBe(true)
  })

  it('throws for a block that uses a result it was not passed, and for a non-function', () => {
    const uses = (x: Tensor, w: Tensor) => {
      const h = F.linear(x, w)
      return F.checkpoint((y) => F.mul(y!, h), x)
    }
    expect(thrown(() => passed(uses))).toEqual({
      code: 'backward-invalid',
      message: 'checkpoint: block must not use a computed [2, 3] that is not among its inputs',
    })
    expect(thrown(() => passed((x) => F.checkpoint(3 as never, x))).code).toBe('option-range')
    expect(thrown(() => passed((x) => F.checkpoint(() => 3 as never, x))).code).toBe('params-invalid')
  })
})

describe('apply', () => {
  /** Row-wise dot product. */
  const product: nn.functional.CustomFunction = {
    shape: (a) => [a!.shape[0]!],
    forward: (out, a, b) => {
      for (const [i, v] of a!.data.entries()) out.data[Math.floor(i / 3)]! += v * b!.data[i]!
    },
    backward: ([da, db], dy, _out, a, b) => {
      for (const i of a!.data.keys()) {
        if (da) da.data[i] = dy.data[Math.floor(i / 3)]! * b!.data[i]!
        if (db) db.data[i] = dy.data[Math.floor(i / 3)]! * a!.data[i]!
      }
    },
  }

  it.each<[string, (f: Block, a: Tensor, b: Tensor) => Tensor]>([
    ['uses the given gradient', (f, a, b) => f(a, b)],
    ['accumulates it with other gradients', (f, a, b) => F.add(F.mul(f(a, b), f(b, a)), F.sum(a))],
    ['skips gradients that are not needed', (f, a, b) => f(a, F.detach(b))],
  ])('%s', (_, net) => {
    const [got, want] = [
      passed((x, w) => net((a, b) => F.apply(product, a!, b!), F.exp(x), F.linear(x, w))),
      passed((x, w) => net((a, b) => F.sum(F.mul(a!, b!), { dim: 1 }), F.exp(x), F.linear(x, w))),
    ]
    expect(got).toEqual({ y: near(want.y), x: near(want.x), w: near(want.w) })
  })

  it('defaults to the shape of its first input, and zero-initializes outputs and gradients', () => {
    const nothing: nn.functional.CustomFunction = { forward: () => {}, backward: () => {} }
    expect(passed((x) => F.apply(nothing, x))).toEqual({ y: Array(6).fill(0), x: Array(6).fill(0), w: null })
  })

  it('throws for missing functions', () => {
    const without = { forward: () => {} } as never
    expect(thrown(() => passed((x) => F.apply(without, x))).message).toBe('apply: forward and backward must be functions, got undefined')
  })
})
