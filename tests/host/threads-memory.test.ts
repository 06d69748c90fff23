import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { AdamW, Arena, Generator, LBFGS, type Parameter } from '../../host/index.ts'
import * as fs from '../../host/io/fs.ts'
import * as io from '../../host/io/index.ts'
import * as nn from '../../host/nn/index.ts'
import { crowded, productIn } from './crowd.ts'
import { Draw } from './draw.ts'

const folder = mkdtempSync(join(tmpdir(), 'downhill-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A model with its optimizers after a step in an arena. */
function trained(arena: Arena) {
  const generator = new Generator(1)
  const model = new nn.Sequential(new nn.Linear(arena, 30, 20, { generator }), new nn.BatchNorm1d(arena, 20), new nn.Tanh())
  const [optimizer, lbfgs] = [new AdamW(model.parameters()), new LBFGS(model.parameters(), { maxIter: 2 })]
  for (const one of [optimizer, lbfgs])
    one.step(() =>
      arena.frame(() => {
        one.zeroGrad()
        const loss = nn.functional.mean(model.forward(arena.tensor(new Draw(2).numbers(300), [10, 30])))
        loss.backward()
        return loss.item()
      }),
    )
  return { model, optimizer, lbfgs }
}

describe('the shared memory of threads', () => {
  it('may grow: views stay right, and threads compute in the new part', async () => {
    const [alone, arena] = [await Arena.create(), await crowded(2)]
    arena.crew!.divideFrom(1)
    const w = arena.parameter([3], { data: [1, 2, 3] })
    const [view, before] = [w.data, arena.memory.byteLength]
    const sums = [alone, arena].map((one) => {
      const big = one.parameter([1_000_000], { data: new Draw(1).numbers(1_000_000) })
      return one.frame(() => nn.functional.sum(nn.functional.exp(big)).item())
    })
    expect(arena.memory.byteLength).toBeGreaterThan(before)
    expect(sums[1]).toBe(sums[0])
    w.data[0] = 5
    expect([...view, ...w.data]).toEqual([5, 2, 3, 5, 2, 3])
    const jobs = arena.crew!.jobs
    expect(productIn(arena)()).toBe(productIn(alone)())
    expect(arena.crew!.jobs).toBeGreaterThan(jobs)
    arena.dispose()
  })

  it('leaves no views in what is saved, so that every interface takes it', async () => {
    const arena = await crowded(2)
    const { model, optimizer, lbfgs } = trained(arena)
    const arrays = (value: unknown): ArrayBufferView[] =>
      ArrayBuffer.isView(value) ? [value] : typeof value === 'object' && value ? Object.values(value).flatMap(arrays) : []
    const saved = [model, optimizer, lbfgs].flatMap((part) => arrays(part.stateDict()))
    expect(saved.length).toBeGreaterThan(10)
    expect(saved.filter(({ buffer }) => !(buffer instanceof ArrayBuffer))).toEqual([])
    arena.dispose()
  })

  it('is read from and written to files like any other', async () => {
    const [alone, arena] = [trained(await Arena.create()), trained(await crowded(2))]
    const live = ({ shape, data }: Parameter) => ({ dtype: 'float32', shape, data }) as const
    const bytesOf = ({ model, optimizer, lbfgs }: typeof alone) => {
      const [weight] = [...model.parameters()] as [Parameter]
      return {
        checkpoint: io.checkpoint.save({ model, optimizer, lbfgs, live: live(weight) }),
        safetensors: io.safetensors.write({ weight: live(weight) }),
        npy: io.npy.write(live(weight)),
        torch: io.torchFile.save(model),
      }
    }
    const [expected, got] = [bytesOf(alone), bytesOf(arena)]
    expect(got).toEqual(expected)
    for (const bytes of Object.values(got)) {
      expect(new Uint8Array(await new Blob([bytes as never]).arrayBuffer())).toEqual(bytes)
      expect((await crypto.subtle.digest('SHA-256', bytes as never)).byteLength).toBe(32)
    }
    const file = join(folder, 'model')
    await fs.writeFile(file, got.checkpoint)
    const [weight] = [...arena.model.parameters()] as [Parameter]
    const kept = weight.data.slice()
    weight.data.fill(0)
    const { model, optimizer, lbfgs } = arena
    io.checkpoint.load(await fs.readFile(file), { model, optimizer, lbfgs })
    expect(weight.data).toEqual(kept)
    weight.data.fill(0)
    io.torchFile.load(got.torch, arena.model)
    expect(weight.data).toEqual(kept)
  })
})
