import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DType } from '../../host/memory/dtype.ts'
import * as nn from '../../host/nn/index.ts'
import { AdamW, Arena, AveragedModel, OneCycleLR, SGD, Tensor } from '../../host/printing/index.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const lines = (object: unknown) => inspect(object).split('\n')

let arena: Arena
beforeEach(async () => {
  arena = await Arena.create()
})

function convolutional() {
  return new nn.Sequential(new nn.Conv2d(arena, 1, 8, 3), new nn.ReLU(), new nn.Flatten(), new nn.Linear(arena, 288, 10))
}

interface Printed {
  readonly shape: number[]
  readonly dtype?: DType
  readonly data?: (number | string)[]
  readonly scale?: number
  readonly text: string
}

describe('tensors', () => {
  const cases: Printed[] = JSON.parse(readFileSync(path('../files/printed.json'), 'utf8'))
  const number = (x: number | string) => (typeof x === 'number' ? x : Number(x.replace('inf', 'Infinity')))

  it.each(cases)('of shape $shape print like torch: $text', ({ shape, dtype = 'float32', data, scale, text }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    const numbers = data ? data.map(number) : Array.from({ length: size }, (_, i) => i * scale!)
    const numbersOfTorch = text.slice('tensor('.length, -1).replace(', dtype=torch.int32', '')
    expect(inspect(arena.tensor(numbers, shape, { dtype }))).toBe(`tensor(${numbersOfTorch}, shape=[${shape.join(', ')}], dtype=${dtype})`)
  })

  it.each([[[1_000_000]], [[1000, 1000]], [[10, 10, 10, 10]], [[3, 3, 3, 3, 3, 3, 3]], [[2000, 1]], [[1, 1, 1, 1, 1, 2000]]])(
    'of shape %j print at most 60 lines',
    (shape) => {
      expect(lines(arena.parameter(shape)).length).toBeLessThanOrEqual(60)
    },
  )

  it('print as freed after their frame', () => {
    const tensor = arena.frame(() => arena.tensor([1]))
    expect(inspect(tensor)).toBe('tensor(freed, shape=[1], dtype=float32)')
  })

  it('convert to strings and JSON without their data', () => {
    const tensor = arena.tensor([1, 2], [1, 2])
    expect(String(tensor)).toBe('tensor(shape=[1, 2], dtype=float32)')
    expect(JSON.stringify(tensor)).toBe('{"shape":[1,2],"dtype":"float32"}')
  })
})

describe('models and optimizers', () => {
  it('print their tree, groups and options', () => {
    const model = convolutional()
    expect(lines(model)[1]).toBe('  (0): Conv2d(stride=[1, 1], padding=[0, 0], dilation=[1, 1], groups=1, weight=[8, 1, 3, 3], bias=[8])')
    expect(lines(model).at(-1)).toBe('), 2970 parameters')
    const optimizer = new AdamW([{ params: [model.layers[0]!.parameters()].flatMap((own) => [...own]) }], { lr: 0.5 })
    expect(inspect(optimizer)).toContain('(0): 2 parameters of 80 numbers, lr=0.5')
    expect(inspect(new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 100 }))).toMatch(/^OneCycleLR\(lr=/)
    expect(inspect(new AveragedModel(model))).toContain('(module): Sequential(')
  })

  it('print at most 60 lines, for any size', () => {
    const layers = Array.from({ length: 200 }, (_, i) => new nn.Linear(arena, i + 1, 2))
    const groups = layers.map((layer, i) => ({ params: layer.parameters(), lr: i }))
    for (const object of [new nn.Sequential(...layers), new SGD(groups, { lr: 1 }), arena]) {
      expect(lines(object).length).toBeLessThanOrEqual(60)
    }
  })

  it('print equal layers once', () => {
    const twelve = new nn.Sequential(...Array.from({ length: 12 }, () => new nn.Linear(arena, 4, 4)))
    expect(lines(twelve)).toEqual(['Sequential(', '  (0-11): 12 x Linear(weight=[4, 4], bias=[4])', '), 240 parameters'])
  })

  it('convert to short strings and JSON', () => {
    const model = convolutional()
    const optimizer = new SGD(model.parameters(), { lr: 1 })
    for (const object of [model, optimizer, arena, optimizer.paramGroups[0]]) {
      expect(JSON.stringify(object).length).toBeLessThan(1000)
      expect(String(object).length).toBeLessThan(100)
    }
  })
})

it('objects do not enumerate their arena, memory or kernels', () => {
  const model = convolutional()
  const optimizer = new SGD(model.parameters(), { lr: 1 })
  const objects = [arena, model, optimizer, arena.tensor([1]), ...model.parameters()]
  for (const object of objects) {
    const values = Object.keys(object).map((key) => (object as unknown as Record<string, unknown>)[key])
    expect(values.some((value) => value instanceof Arena || value instanceof ArrayBuffer || ArrayBuffer.isView(value))).toBe(false)
  }
  expect(Object.keys(arena)).toEqual([])
  expect(Object.keys(optimizer)).toEqual(['paramGroups', 'defaults'])
  expect(Object.keys(arena.tensor([1])).sort()).toEqual(['address', 'bytes', 'dtype', 'requiresGrad', 'shape', 'size'])
  expect(Object.getOwnPropertyDescriptor(Tensor.prototype, Symbol.for('nodejs.util.inspect.custom'))!.enumerable).toBe(false)
})

it('the built package prints the committed text in Node', () => {
  const text = execFileSync(process.execPath, [path('../runtimes/printing.mjs')], { encoding: 'utf8' })
  expect(text).toBe(readFileSync(path('../runtimes/printing.txt'), 'utf8'))
})
