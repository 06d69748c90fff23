/**
 * Training runs of every optimizer and every scheduler, with dropout and shuffling, that move between processes and runtimes as one
 * checkpoint. `begin()` returns the first checkpoint; `advance(bytes, steps)` returns the checkpoint so many steps later. The last bytes
 * do not depend on how the steps are divided or which runtime takes them. This module imports nothing runtime-specific.
 */
import * as downhill from 'downhill'
import { checkpoint } from 'downhill/io'
import * as nn from 'downhill/nn'

const { functional } = nn
const exported = { ...downhill }

/** Steps of a whole run. */
export const STEPS = 200

const ROWS = 40
const WIDTH = 6

/** Random data, the same in every runtime. */
const generator = new downhill.Generator(11)
const features = Array.from({ length: ROWS * WIDTH }, () => generator.uniform() * 2 - 1)
const labels = Array.from({ length: ROWS }, (_, row) => (features[row * WIDTH] * features[row * WIDTH + 1] > 0 ? 1 : 0))
const words = Array.from({ length: ROWS * 3 }, () => Math.floor(generator.uniform() * 9))

/** A perceptron with two dropout layers; one draws from the arena's own generator. */
function perceptron(arena, random) {
  return new nn.Sequential(
    new nn.Linear(arena, WIDTH, 8, { generator: random }),
    new nn.LayerNorm(arena, [8]),
    new nn.Tanh(),
    new nn.Dropout(0.25, { generator: random }),
    new nn.Linear(arena, 8, 4, { generator: random }),
    new nn.Dropout(0.125),
    new nn.Linear(arena, 4, 2, { generator: random }),
  )
}

/** A perceptron without biases, because Muon takes matrices only. */
function matrices(arena, random) {
  const layer = (from, to) => new nn.Linear(arena, from, to, { bias: false, generator: random })
  return new nn.Sequential(layer(WIDTH, 8), new nn.Tanh(), new nn.Dropout(0.25, { generator: random }), layer(8, 2))
}

/** Two numbers per word; the sums over three words are the logits. Gradients are sparse. */
class WordTable extends nn.Module {
  constructor(arena, random) {
    super()
    this.table = arena.parameter([9, 2])
    random.fillNormal(this.table, 0, 0.5)
    this.dropout = new nn.Dropout(0.25, { generator: random })
  }

  forward(ids) {
    const rows = functional.embedding(ids, this.table, { sparse: true })
    return this.dropout.forward(functional.sum(rows, { dim: 1 }))
  }
}

const options = {
  ...{ Adadelta: { weightDecay: 1e-3 }, Adafactor: { lr: 0.02 }, Adagrad: { lr: 0.05, lrDecay: 1e-3 }, Adam: { lr: 0.01, amsgrad: true } },
  ...{ Adamax: { lr: 0.02 }, AdamW: { lr: 0.01, weightDecay: 0.05 }, ASGD: { lr: 0.05, t0: 50 }, Muon: { lr: 0.02 }, NAdam: { lr: 0.01 } },
  ...{ LBFGS: { lr: 0.5, maxIter: 3, historySize: 4, lineSearchFn: 'strong_wolfe' }, RAdam: { lr: 0.01 }, Rprop: { lr: 0.002 } },
  ...{
    RMSprop: { lr: 0.005, centered: true, momentum: 0.5, eps: 1e-3 },
    SGD: { lr: 0.05, momentum: 0.9, nesterov: true },
    SparseAdam: { lr: 0.02 },
  },
}

const half = (epoch) => 1 / (1 + epoch / 50)

/** Every scheduler, over SGD with momentum. */
const schedulers = {
  LambdaLR: (sgd) => new downhill.LambdaLR(sgd, { lrLambda: half }),
  MultiplicativeLR: (sgd) => new downhill.MultiplicativeLR(sgd, { lrLambda: () => 0.99 }),
  StepLR: (sgd) => new downhill.StepLR(sgd, { stepSize: 30, gamma: 0.7 }),
  MultiStepLR: (sgd) => new downhill.MultiStepLR(sgd, { milestones: [15, 70, 70, 130], gamma: 0.6 }),
  ConstantLR: (sgd) => new downhill.ConstantLR(sgd, { totalIters: 90 }),
  LinearLR: (sgd) => new downhill.LinearLR(sgd, { startFactor: 0.1, totalIters: 110 }),
  ExponentialLR: (sgd) => new downhill.ExponentialLR(sgd, { gamma: 0.99 }),
  PolynomialLR: (sgd) => new downhill.PolynomialLR(sgd, { totalIters: 250, power: 1.5 }),
  CosineAnnealingLR: (sgd) => new downhill.CosineAnnealingLR(sgd, { tMax: 70, etaMin: 1e-3 }),
  CosineAnnealingWarmRestarts: (sgd) => new downhill.CosineAnnealingWarmRestarts(sgd, { t0: 13, tMult: 2 }),
  CyclicLR: (sgd) => new downhill.CyclicLR(sgd, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 17, mode: 'triangular2' }),
  OneCycleLR: (sgd) => new downhill.OneCycleLR(sgd, { maxLr: 0.1, totalSteps: 210 }),
  ReduceLROnPlateau: (sgd) => new downhill.ReduceLROnPlateau(sgd, { patience: 5, factor: 0.8 }),
  SWALR: (sgd) => new downhill.SWALR(sgd, { swaLr: 0.01, annealEpochs: 90 }),
  SequentialLR: (sgd) => {
    const warmUp = new downhill.LinearLR(sgd, { startFactor: 0.1, totalIters: 25 })
    return new downhill.SequentialLR(sgd, [warmUp, new downhill.CosineAnnealingLR(sgd, { tMax: 180 })], { milestones: [25] })
  },
  ChainedScheduler: (sgd) =>
    new downhill.ChainedScheduler([new downhill.ConstantLR(sgd, { totalIters: 45 }), new downhill.ExponentialLR(sgd, { gamma: 0.995 })]),
}

class Run {
  constructor(optimizer, schedule) {
    this.arena = downhill.Arena.createSync()
    this.generator = new downhill.Generator(5)
    this.isSparse = optimizer === 'SparseAdam'
    const build = this.isSparse ? (...args) => new WordTable(...args) : optimizer === 'Muon' ? matrices : perceptron
    this.model = build(this.arena, this.generator)
    this.optimizer = new exported[optimizer](this.model.parameters(), options[optimizer])
    this.scheduler = schedule(this.optimizer)
    this.average = new downhill.AveragedModel(this.model, { avgFn: downhill.getEmaAvgFn(0.9) })
    const x = this.isSparse ? { data: words, shape: [3], dtype: 'int32' } : { data: features, shape: [WIDTH] }
    const columns = { x, label: { data: labels, dtype: 'int32' } }
    this.loader = new downhill.Loader(this.arena, columns, { batchSize: 7, shuffle: true, seed: 3 })
  }

  get parts() {
    const { model, optimizer, scheduler, average, loader, generator } = this
    return { model, optimizer, scheduler, average, loader, generator }
  }

  #step(batch) {
    const { arena, model, optimizer, scheduler } = this
    const loss = optimizer.step(() =>
      arena.frame(() => {
        optimizer.zeroGrad()
        const loss = functional.crossEntropy(model.forward(batch.tensor('x')), batch.tensor('label'))
        loss.backward()
        return loss.item()
      }),
    )
    if (!Number.isFinite(loss)) throw new Error(`${optimizer.constructor.name}: the loss is ${loss}`)
    if (scheduler instanceof downhill.ReduceLROnPlateau) scheduler.step(loss)
    else scheduler.step()
    this.average.updateParameters(model)
  }

  advance(steps) {
    for (let left = steps; left > 0; ) {
      for (const batch of this.loader) {
        this.#step(batch)
        if (--left === 0) return
      }
    }
  }
}

/** Creates all runs by name. Throws if an exported optimizer or scheduler is missing above. */
function makeRuns() {
  const isA = (Base) => (name) => exported[name].prototype instanceof Base
  const names = Object.keys(exported).filter((name) => typeof exported[name] === 'function')
  const cosine = (optimizer) => new downhill.CosineAnnealingLR(optimizer, { tMax: 150, etaMin: 1e-4 })
  const runs = {}
  for (const name of names.filter(isA(downhill.Optimizer))) runs[name] = new Run(name, cosine)
  for (const name of names.filter(isA(downhill.LRScheduler))) runs[name] = new Run('SGD', schedulers[name])
  return runs
}

/** Returns the parts of a checkpoint: one per run and kind. */
function partsOf(runs) {
  const parts = Object.entries(runs).flatMap(([name, run]) => Object.entries(run.parts).map(([kind, part]) => [`${name} ${kind}`, part]))
  return Object.fromEntries(parts)
}

/** Returns the checkpoint of all runs before their first step. */
export function begin() {
  return checkpoint.save(partsOf(makeRuns()))
}

/** Returns the checkpoint of all runs so many steps after a given one. */
export function advance(bytes, steps) {
  const runs = makeRuns()
  const parts = partsOf(runs)
  checkpoint.load(bytes, parts)
  for (const run of Object.values(runs)) run.advance(steps)
  return checkpoint.save(parts)
}
