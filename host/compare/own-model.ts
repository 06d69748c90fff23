/** Custom models as problems: the exports of `--model FILE.mjs`. */

import { noGrad } from '../autograd/recording.ts'
import type { Arena } from '../memory/arena.ts'
import { Tensor } from '../memory/tensor.ts'
import { Module } from '../nn/module.ts'
import { Generator } from '../numerics/random.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import type { Problem, Session } from './problem.ts'

/** Batches: an array, which is shuffled, or another iterable that can be iterated repeatedly. */
export type Batches = Iterable<unknown>

/** Exports of the file. */
export interface OwnModel {
  /** Returns the model with its initial weights. */
  build(arena: Arena, generator: Generator): Module
  /** Returns the loss of a batch, a scalar. */
  loss(model: Module, batch: unknown): Tensor
  /** Returns training and held-out data, as batches. The generator is the same in every run. */
  data(
    generator: Generator,
  ): { readonly train: Batches; readonly held: Batches } | Promise<{ readonly train: Batches; readonly held: Batches }>
  /** Returns the metric of a batch, higher is better. Default: −loss. */
  metric?(model: Module, batch: unknown): number
}

function isBatches(value: unknown): value is Batches {
  // An iterator that is its own iterable, such as a generator, can be consumed only once.
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) return false
  return (value as Iterable<unknown>)[Symbol.iterator]() !== (value as unknown)
}

/**
 * Creates a problem from a file's exports. With two or more held-out batches, every other one chooses options and the rest judge; a single
 * one does both.
 * @param name of the file, for errors and the receipt
 * @throws `data-invalid` if an export is missing, or the data are not batches
 */
export async function ownProblem(exports: Partial<OwnModel>, name: string, sha256: string): Promise<Problem> {
  for (const wanted of ['build', 'loss', 'data'] as const)
    check(
      typeof exports[wanted] === 'function',
      'data-invalid',
      () => `${name}: must export a function ${wanted}; the exports are ${listed(exports)}`,
    )
  const own = exports as OwnModel
  const found = await own.data(new Generator(0))
  for (const part of ['train', 'held'] as const) {
    const batches = found?.[part]
    check(
      isBatches(batches),
      'data-invalid',
      () => `${name}: data() must return { train, held }, arrays of batches; its ${part} is ${shown(batches)}`,
    )
    check(
      [...batches].length > 0,
      'data-invalid',
      `${name}: data() must return at least one batch to ${part === 'train' ? 'train on' : 'hold out'}`,
    )
  }
  const { train } = found
  const held = [...found.held]
  const parts = { validation: held.filter((_, i) => i % 2 === 0), test: held.length > 1 ? held.filter((_, i) => i % 2 === 1) : held }
  const sizes = { train: [...train].length, validation: parts.validation.length, test: parts.test.length }
  return {
    facts: { name, kind: 'regression', rows: sizes.train + held.length, features: 0, split: { ...sizes, seed: 0 }, sha256 },
    model: { file: name, sha256 },
    metric: own.metric ? 'metric' : '−loss',
    resolution: 0,
    notes: held.length > 1 ? [] : ['the single held-out batch both chooses the options and judges the result'],
    begin: (arena, generator) => begin(arena, own, name, { train, ...parts }, sizes.train, generator),
  }
}

function listed(exports: object): string {
  return Object.keys(exports).join(', ') || 'none'
}

function begin(
  arena: Arena,
  own: OwnModel,
  name: string,
  data: { readonly train: Batches; readonly validation: readonly unknown[]; readonly test: readonly unknown[] },
  steps: number,
  generator: Generator,
): Session {
  const model = own.build(arena, generator)
  checkRange(model instanceof Module, name, 'the result of build()', 'a Module of downhill/nn', model, 'data-invalid')
  const parameters = [...model.parameters()]
  check(parameters.length > 0, 'data-invalid', () => `${name}: the model must have parameters`)
  const lossOf = (batch: unknown) => {
    const loss = own.loss(model, batch)
    if (loss instanceof Tensor && loss.size === 1) return loss
    throw new DownhillError('data-invalid', `${name}: loss() must return a tensor with one number, got ${shown(loss)}`)
  }
  const metricOf = (batch: unknown) => (own.metric ? own.metric(model, batch) : -lossOf(batch).item())
  return {
    parameters,
    steps,
    *epoch() {
      const { train } = data
      const order = Array.isArray(train) ? Array.from(generator.permutation(train.length), (i) => train[i]) : train
      model.train()
      for (const batch of order) {
        const gradients = () =>
          arena.frame(() => {
            const loss = lossOf(batch)
            loss.backward()
            return loss.item()
          })
        yield { rows: 1, gradients }
      }
    },
    metric(part) {
      model.eval()
      const values = data[part].map((batch) => arena.frame(() => noGrad(arena, () => metricOf(batch))))
      check(
        values.every((value) => typeof value === 'number'),
        'data-invalid',
        () => `${name}: metric() must return a number, got ${shown(values[0])}`,
      )
      return values.reduce((sum, value) => sum + value, 0) / values.length
    },
    dispose: () => {
      for (const parameter of parameters) parameter.dispose()
    },
  }
}
