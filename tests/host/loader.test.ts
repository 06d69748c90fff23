import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, Loader, type LoaderOptions } from '../../host/index.ts'
import { thrown } from './thrown.ts'

const arena = await Arena.create()
const numbered = (rows: number, options: LoaderOptions) =>
  new Loader(arena, { row: { data: Array.from({ length: rows }, (_, i) => i), dtype: 'int32' } }, options)

/** Returns the rows of an epoch, batch by batch. */
const epoch = (loader: Loader<'row'>) => [...loader].map((batch) => arena.frame(() => [...batch.tensor('row').data]))

describe('Loader', () => {
  it('yields every row once per epoch, in batches, for any sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 70 }), fc.boolean(), (rows, batchSize, shuffle) => {
        const loader = numbered(rows, { batchSize, shuffle, seed: 3 })
        const batches = epoch(loader)
        expect(batches.length).toBe(loader.length)
        expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true)
        expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i))
        const full = epoch(numbered(rows, { batchSize, shuffle, seed: 3, dropLast: true }))
        expect(full).toEqual(batches.filter((batch) => batch.length === batchSize))
      }),
    )
  })

  it('shuffles every epoch differently, determined by the seed', () => {
    const [one, same, other] = [7, 7, 8].map((seed) => numbered(50, { shuffle: true, seed }))
    const first = epoch(one!)
    expect(epoch(same!)).toEqual(first)
    expect(epoch(other!)).not.toEqual(first)
    expect(epoch(one!)).not.toEqual(first)
    expect(one!.state).toEqual({ epoch: 2, batch: 0 })
  })

  it('resumes from its state in the middle of an epoch', () => {
    const loader = numbered(20, { batchSize: 3, shuffle: true, seed: 1 })
    epoch(loader)
    const seen: number[][] = []
    for (const batch of loader) {
      arena.frame(() => seen.push([...batch.tensor('row').data]))
      if (seen.length === 2) break
    }
    const resumed = numbered(20, { batchSize: 3, shuffle: true, seed: 1 })
    resumed.state = JSON.parse(JSON.stringify(loader.state))
    const rest = epoch(resumed)
    expect(rest.length).toBe(5)
    expect(epoch(loader)).toEqual(rest)
    expect(epoch(loader)).toEqual(epoch(resumed))
  })

  it('creates tensors of the declared shape and dtype in the current frame', () => {
    const loader = new Loader(
      arena,
      { x: { data: new Float64Array(24).map((_, i) => i), shape: [2, 3], dtype: 'float64' } },
      { batchSize: 3 },
    )
    const [first] = loader
    arena.frame(() => {
      const x = first!.tensor('x')
      expect([x.shape, x.dtype, x.data[17]]).toEqual([[3, 2, 3], 'float64', 17])
    })
    expect(thrown(() => first!.tensor('x')).code).toBe('frame-missing')
    expect(thrown(() => arena.frame(() => first!.tensor('y' as 'x'))).message).toBe("Loader has no column 'y'; the columns are x")
  })

  it.each([
    [
      'columns with different row counts',
      () => new Loader(arena, { a: { data: [1, 2] }, b: { data: [1] } }),
      'b must have 2 rows like a, got 1',
    ],
    [
      'an incomplete row',
      () => new Loader(arena, { a: { data: [1, 2, 3], shape: [2] } }),
      'Loader: a must have a multiple of 2 numbers, got 3',
    ],
    ['no data', () => new Loader(arena, { a: { data: [] } }), 'Loader: a must have a multiple of 1 numbers, got 0'],
    ['no columns', () => new Loader(arena, {}), 'Loader: columns must be { x: { data, shape }, … }, got an object'],
    ['a misspelled option', () => numbered(3, { batchsize: 2 } as never), 'did you mean batchSize?'],
    ['batch size 0', () => numbered(3, { batchSize: 0 }), 'Loader: batchSize must be an integer'],
    ['an invalid seed', () => numbered(3, { seed: -1 }), 'Generator: seed must be an integer in [0, 2^53), got -1'],
    [
      'a batch beyond the end',
      () => (numbered(3, {}).state = { epoch: 0, batch: 2 }),
      'Loader.state: batch must be an integer in [0, 1], got 2',
    ],
  ])('throws for %s', (_, make, message) => {
    expect(thrown(make).message).toContain(message)
  })
})
