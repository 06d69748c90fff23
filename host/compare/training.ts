/** A resumable training run: one optimizer, a perceptron, and the best weights so far. */
import type { Arena } from '../memory/arena.ts'
import type { Sequential } from '../nn/layers.ts'
import { Generator } from '../numerics/random.ts'
import * as optim from '../optim/index.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import * as rules from '../rules/index.ts'
import type { Dataset } from '../tables/dataset.ts'
import {
  type Architecture,
  Batch,
  checkArchitecture,
  EVALUATION_ROWS,
  lossOf,
  metricOf,
  perceptron,
  scoresOf,
} from '../tables/perceptron.ts'
import { type SavedTable, tableModel } from '../tables/saved.ts'
import type { Scores } from '../tables/scores.ts'
import { Loader, type Batch as LoaderBatch } from '../training/loader.ts'
import { check, checkRange, DownhillError, nearest, shown } from '../validation/errors.ts'
import type { CurvePoint } from './report.ts'

/** Settings of a run. */
export interface TrainingSettings {
  readonly optimizer: string
  /** Options of the optimizer, such as its learning rate; missing ones have their defaults. */
  readonly options: Readonly<Record<string, unknown>>
  readonly epochs: number
  readonly batchSize: number
  /** Units of the hidden layer, or of each. */
  readonly hidden: Architecture['hidden']
  /** Probability of dropout. */
  readonly dropout?: number
  /** Seed of the initial weights and of the order of the rows. */
  readonly seed: number
  /** Epochs without a better validation metric after which the run ends; null: none. */
  readonly patience: number | null
}

/** Defaults of `downhill train`. */
export const defaultTraining: Required<Omit<TrainingSettings, 'epochs'>> = {
  optimizer: 'AdamW',
  options: {},
  batchSize: 32,
  hidden: 32,
  dropout: 0,
  seed: 0,
  patience: null,
}

/** Returns the default epochs for a number of training rows: about 5,000 steps, in 40 to 300 epochs. */
function defaultTrainingEpochs(rows: number, batchSize: number): number {
  return Math.min(Math.max(Math.round(5000 / Math.ceil(rows / batchSize)), 40), 300)
}

/** Settings that may be missing. */
type Given = { readonly [K in keyof TrainingSettings]?: TrainingSettings[K] | undefined }

/** Returns complete settings, for a number of training rows. Missing ones have the defaults of `downhill train`. */
export function trainingSettings(rows: number, given: Given = {}): TrainingSettings {
  const d = defaultTraining
  const batchSize = given.batchSize ?? d.batchSize
  return {
    optimizer: given.optimizer ?? d.optimizer,
    options: given.options ?? d.options,
    epochs: given.epochs ?? defaultTrainingEpochs(rows, batchSize),
    batchSize,
    hidden: given.hidden ?? d.hidden,
    dropout: given.dropout ?? d.dropout,
    seed: given.seed ?? d.seed,
    patience: given.patience ?? d.patience,
  }
}

/** State of a run besides weights, optimizer state and order. */
export interface TrainingProgress {
  readonly step: number
  /** Sum of the losses in the current epoch, and the number of their rows. */
  readonly loss: number
  readonly rows: number
  readonly curve: readonly CurvePoint[]
  /** The last epoch, from 1, with the best validation metric so far. */
  readonly best: { readonly epoch: number; readonly metric: number } | null
}

// biome-ignore lint/suspicious/noExplicitAny: chosen by name
type OptimizerClass = new (params: Iterable<unknown>, options: object) => any

/** Optimizers for parameters of any shape with dense gradients. */
const optimizers = Object.fromEntries(
  Object.entries({ ...rules, ...optim }).filter(([name, value]) => 'declaration' in value && name !== 'SparseAdam' && name !== 'Muon'),
) as unknown as Readonly<Record<string, OptimizerClass>>

/** Names of all optimizers for training. */
export const trainable = Object.keys(optimizers).sort()

function optimizerClass(name: string): OptimizerClass {
  if (Object.hasOwn(optimizers, name)) return optimizers[name]!
  const meant = nearest(name, trainable)
  const hint = meant ? `did you mean ${meant}?` : `the optimizers are ${trainable.join(', ')}`
  throw new DownhillError('option-range', `unknown optimizer ${shown(name)}; ${hint}`)
}

/** Returns some rows of a data set, concatenated. */
function columnsOf({ task, features, featureNames, targets, split }: Dataset) {
  const width = featureNames.length
  const x = new Float32Array(split.train.length * width)
  for (const [i, row] of split.train.entries()) x.set(features.subarray(row * width, (row + 1) * width), i * width)
  const dtype = task === 'language' ? ('int32' as const) : ('float32' as const)
  return { x: { data: x, shape: [width], dtype }, y: { data: Float32Array.from(split.train, (row) => targets[row]!) } }
}

export class Training {
  readonly model: Sequential
  /** The weights of the best epoch. */
  readonly best: Sequential
  readonly optimizer: AnyOptimizer
  readonly loader: Loader<'x' | 'y'>
  readonly settings: TrainingSettings
  progress: TrainingProgress = { step: 0, loss: 0, rows: 0, curve: [], best: null }
  readonly #arena: Arena
  readonly #data: Dataset
  readonly #batch: Batch

  /** @throws `option-range`, `option-unknown` with the option */
  constructor(arena: Arena, data: Dataset, settings: TrainingSettings) {
    for (const name of ['epochs', 'batchSize', 'patience'] as const) {
      const value = settings[name]
      const fits = (name === 'patience' && value === null) || (Number.isSafeInteger(value) && value! > 0 && value! <= 1e6)
      checkRange(fits, 'train', name, 'an integer in [1, 1000000]', value)
    }
    const Class = optimizerClass(settings.optimizer)
    checkArchitecture('train', settings)
    this.#arena = arena
    this.#data = data
    this.#batch = new Batch(data, EVALUATION_ROWS)
    this.settings = settings
    this.model = perceptron(arena, data, settings, new Generator(settings.seed))
    this.best = this.model.clone()
    this.optimizer = new Class(this.model.parameters(), settings.options)
    this.loader = new Loader(arena, columnsOf(data), { batchSize: settings.batchSize, shuffle: true, seed: settings.seed })
  }

  /** Returns the parts of a checkpoint. */
  get parts() {
    const { model, best, optimizer, loader } = this
    return { model, best, optimizer, loader }
  }

  /** Returns the steps of all epochs, without early stopping. */
  get totalSteps(): number {
    return this.settings.epochs * this.loader.length
  }

  /** Returns the epochs since the best metric was first reached; 0 before the first epoch. */
  get epochsWithoutGain(): number {
    const { curve, best } = this.progress
    return best ? curve.length - 1 - curve.findIndex(([, , metric]) => metric === best.metric) : 0
  }

  get isDone(): boolean {
    const { epochs, patience } = this.settings
    return this.loader.state.epoch >= epochs || (patience !== null && this.epochsWithoutGain >= patience)
  }

  /**
   * Takes the remaining steps and yields the loss of each; after each, everything can be saved.
   *
   * @throws `gradient-nonfinite` if the loss becomes NaN or infinite
   */
  *steps(): IterableIterator<number> {
    while (!this.isDone) {
      for (const batch of this.loader) yield this.#step(batch)
      this.#endEpoch()
    }
  }

  #step(batch: LoaderBatch<'x' | 'y'>): number {
    const closure = () =>
      this.#arena.frame(() => {
        this.optimizer.zeroGrad()
        const loss = lossOf(this.#data, this.model.forward(batch.tensor('x')), batch.tensor('y').data as Float32Array)
        loss.backward()
        return loss.item()
      })
    const loss = this.optimizer.step(closure)!
    const step = this.progress.step + 1
    check(Number.isFinite(loss), 'gradient-nonfinite', () => `the loss of step ${step} is ${loss}; the learning rate is too high`)
    this.progress = { ...this.progress, step, loss: this.progress.loss + loss * batch.size, rows: this.progress.rows + batch.size }
    return loss
  }

  #endEpoch(): void {
    const { step, loss, rows, curve, best } = this.progress
    const metric = this.#metric(this.model, this.#data.split.validation)
    const epoch = curve.length + 1
    // With few validation rows many epochs are equal, and the first of them is hardly trained.
    const isBest = best === null || metric >= best.metric
    if (isBest) this.best.loadStateDict(this.model.stateDict())
    this.progress = { step, loss: 0, rows: 0, curve: [...curve, [step, loss / rows, metric]], best: isBest ? { epoch, metric } : best }
  }

  #metric(model: Sequential, rows: Uint32Array): number {
    return metricOf(this.#arena, this.#data, model, rows, this.#batch)
  }

  /** Returns the metric of the best weights on the test rows: accuracy, or R². */
  test(): number {
    return this.#metric(this.best, this.#data.split.test)
  }

  /** Returns further scores of the best weights on the test rows, for tables. */
  scores(): Scores | undefined {
    if (this.#data.task === 'language') return undefined
    return scoresOf(this.#arena, this.#data, this.best, this.#data.split.test, this.#batch)
  }

  /** Returns the model of the best weights for new rows, for tables. */
  get table(): SavedTable | undefined {
    return tableModel(this.#data, this.settings)
  }
}
