import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { AdamW, Arena, clipGradNorm, SGD, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import type { RuleKernel } from '../../host/wasm/wasm.ts'

const F = nn.functional

/** Creates an arena that counts kernel calls and heap allocations. */
async function counting() {
  const arena = await Arena.create()
  const count = { kernels: 0, heap: 0 }
  const counted = <F extends (...args: never[]) => unknown>(f: F, of: 'kernels' | 'heap') =>
    ((...args) => {
      count[of]++
      return f(...args)
    }) as F
  const { kernels, heap } = arena
  const all = (table: object) =>
    Object.fromEntries(Object.entries(table).map(([name, kernel]) => [name, counted(kernel as () => void, 'kernels')]))
  const rule: typeof kernels.rule = (...args) => kernels.rule(...args).map((kernel) => counted<RuleKernel>(kernel, 'kernels'))
  arena.kernels = { ...kernels, float32: all(kernels.float32), float64: all(kernels.float64), rule } as unknown as typeof kernels
  heap.allocate = counted(heap.allocate.bind(heap), 'heap')
  const during = (body: () => void) => {
    const { kernels: before, heap: asked } = count
    body()
    return { kernels: count.kernels - before, heap: count.heap - asked }
  }
  return { arena, during }
}

const numbers = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.sin(i) / 10)
const labels = (size: number) => Int32Array.from({ length: size }, (_, i) => i % 10)

describe('kernel calls', () => {
  it('are 1 for a step over 200 tensors, and 2 with two interleaved groups', async () => {
    const { arena, during } = await counting()
    const params = Array.from({ length: 200 }, (_, i) => arena.parameter([1 + (i % 7), 8]))
    for (const p of params) p.grad = numbers(p.size)
    const one = new SGD(params, { momentum: 0.9 })
    const even = { params: params.filter((_, i) => i % 2 === 0), weightDecay: 0.01 }
    const two = new AdamW([even, { params: params.filter((_, i) => i % 2 === 1), weightDecay: 0 }])
    for (const optimizer of [one, two]) optimizer.step()
    expect(during(() => one.step())).toEqual({ kernels: 1, heap: 0 })
    expect(during(() => two.step())).toEqual({ kernels: 2, heap: 0 })
    expect(during(() => clipGradNorm(params, 1)).kernels).toBeLessThanOrEqual(2)
  })

  const train = async (budget: number, make: (arena: Arena) => [nn.Module, () => Tensor]) => {
    const { arena, during } = await counting()
    const [model, loss] = make(arena)
    const optimizer = new AdamW(model.parameters())
    const step = () =>
      arena.frame(() => {
        loss().backward()
        optimizer.step()
        optimizer.zeroGrad()
      })
    for (let i = 0; i < 3; i++) step()
    const { kernels, heap } = during(step)
    expect(kernels).toBeLessThanOrEqual(budget)
    expect(heap).toBe(0)
  }

  it('are at most 12 for a training step of a perceptron', async () => {
    await train(12, (arena) => {
      const model = new nn.Sequential(new nn.Linear(arena, 64, 32), new nn.ReLU(), new nn.Linear(arena, 32, 10))
      return [model, () => F.crossEntropy(model.forward(arena.tensor(numbers(32 * 64), [32, 64])), labels(32))]
    })
  })

  it('are at most 32 for a training step of a CNN, for any batch size', async () => {
    await train(32, (arena) => {
      const [first, second] = [new nn.Conv2d(arena, 1, 16, 3, { padding: 1 }), new nn.Conv2d(arena, 16, 32, 3, { padding: 1 })]
      const model = new nn.Sequential(
        first,
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        second,
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
      )
      const classify = new nn.Sequential(model, new nn.Linear(arena, 128, 10))
      return [classify, () => F.crossEntropy(classify.forward(arena.tensor(numbers(32 * 64), [32, 1, 8, 8])), labels(32))]
    })
  })

  it('are at most 40 for a training step of a transformer layer, for any number of heads', async () => {
    await train(40, (arena) => {
      const layer = new nn.TransformerEncoderLayer(arena, 16, 4, { dimFeedforward: 32, dropout: 0, batchFirst: true, activation: 'gelu' })
      const x = numbers(4 * 8 * 16)
      return [layer, () => F.mean(layer.forward(arena.tensor(x, [4, 8, 16]), { isCausal: true }))]
    })
  })
})

/** Returns the JavaScript heap bytes allocated per iteration of `loop` in the built package, after warm-up, without a collection in between. */
function bytesPerTurn(setUp: string, loop: string): number {
  const program = `
    import * as downhill from 'downhill'
    import * as nn from 'downhill/nn'
    const arena = await downhill.Arena.create()
    ${setUp}
    const turns = (n) => { for (let i = 0; i < n; i++) { ${loop} } }
    const used = () => process.memoryUsage().heapUsed
    turns(20000)
    const made = []
    for (let stretch = 0; stretch < 5; stretch++) {
      globalThis.gc()
      const before = used()
      turns(2000)
      made.push((used() - before) / 2000)
    }
    console.log(Math.min(...made))
  `
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const args = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256', '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

describe('heap allocation per step', () => {
  it('is under 1 KB for an optimizer step over many tensors in two groups', () => {
    const bytes = bytesPerTurn(
      `const params = Array.from({ length: 40 }, (_, i) => arena.parameter([i + 1, 2]))
       for (const p of params) p.grad = new Float32Array(p.size).fill(0.1)
       const groups = [0, 1].map((odd) => ({ params: params.filter((_, i) => i % 2 === odd), weightDecay: odd / 100 }))
       const optimizer = new downhill.AdamW(groups)`,
      'optimizer.step()',
    )
    // 330 to 630 bytes, depending on what V8 inlines; one object per tensor (40) would exceed 1,000.
    expect(bytes).toBeLessThan(1024)
  })

  it('is under 16 KB for a training step of a perceptron', () => {
    const bytes = bytesPerTurn(
      `const model = new nn.Sequential(new nn.Linear(arena, 64, 32), new nn.ReLU(), new nn.Linear(arena, 32, 10))
       const optimizer = new downhill.Adam(model.parameters())
       const x = new Float32Array(32 * 64).fill(0.1), y = Array.from({ length: 32 }, (_, i) => i % 10)`,
      `arena.frame(() => {
         nn.functional.crossEntropy(model.forward(arena.tensor(x, [32, 64])), y).backward()
         optimizer.step()
         optimizer.zeroGrad()
       })`,
    )
    expect(bytes).toBeLessThan(16_000)
  })
})
