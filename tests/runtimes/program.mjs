/**
 * The conformance program: fixed training runs through the public API, the same in every runtime. Each optimizer trains a perceptron and a
 * small convolutional network on the digits, is saved as text halfway, and resumes in a new optimizer. Each run ends in one SHA-256 of all
 * parameters, states and losses. The program imports no runtime-specific modules.
 */
import * as downhill from 'downhill'
import { readTable } from 'downhill/compare'
import * as nn from 'downhill/nn'
import { checkEntries, relaxed } from './entries.mjs'
import { predictions } from './predictions.mjs'
import * as runs from './resume.mjs'
import { checkpoints, threadsOf } from './threads.mjs'

const { functional } = nn
const exported = { ...downhill }

const BATCH = 32
const STEPS = 24
const RESUMED_AT = 11
const SEED = 7

/** The options of each optimizer, the parameters it accepts, and whether its gradients are sparse. */
const optimizers = {
  Adadelta: { options: { lr: 1, weightDecay: 1e-3 } },
  Adafactor: { options: { lr: 0.02, weightDecay: 0.01 } },
  Adagrad: { options: { lr: 0.05, lrDecay: 1e-3, initialAccumulatorValue: 0.1 } },
  Adam: { options: { lr: 0.01, amsgrad: true, weightDecay: 1e-3 } },
  Adamax: { options: { lr: 0.02 } },
  AdamW: { options: { lr: 0.01, weightDecay: 0.05 } },
  ASGD: { options: { lr: 0.05, t0: 6 } },
  LBFGS: { options: { lr: 0.5, maxIter: 4, historySize: 5, lineSearchFn: 'strong_wolfe' } },
  Muon: { options: { lr: 0.02, weightDecay: 0.01 }, takes: ({ shape }) => shape.length === 2 },
  NAdam: { options: { lr: 0.01, decoupledWeightDecay: true, weightDecay: 0.01 } },
  RAdam: { options: { lr: 0.02, weightDecay: 1e-3 } },
  RMSprop: { options: { lr: 0.005, centered: true, momentum: 0.5 } },
  Rprop: { options: { lr: 0.002 } },
  SGD: { options: { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-3 } },
  SparseAdam: { options: { lr: 0.05 }, sparse: true },
}

const perceptron = {
  dtype: 'float64',
  build: (arena, { dtype, generator }) =>
    new nn.Sequential(
      new nn.Flatten(),
      new nn.Linear(arena, 64, 24, { dtype, generator }),
      new nn.Tanh(),
      new nn.Dropout(0.2, { generator }),
      new nn.Linear(arena, 24, 10, { dtype, generator }),
    ),
  schedule: (optimizer) => new downhill.CosineAnnealingLR(optimizer, { tMax: STEPS, etaMin: 1e-4 }),
}

const convolution = {
  dtype: 'float32',
  build: (arena, { dtype, generator }) =>
    new nn.Sequential(
      new nn.Conv2d(arena, 1, 6, 3, { padding: 1, dtype, generator }),
      new nn.BatchNorm2d(arena, 6, { dtype }),
      new nn.GELU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Dropout(0.1, { generator }),
      new nn.Linear(arena, 6 * 4 * 4, 10, { dtype, generator }),
    ),
  schedule: (optimizer, lr) => new downhill.OneCycleLR(optimizer, { maxLr: 2 * lr, totalSteps: STEPS, cycleMomentum: false }),
}

/** A table with ten numbers for each of the 17 values of each pixel; their sums are the logits. */
class PixelTable extends nn.Module {
  constructor(arena, { dtype, generator }) {
    super()
    this.table = arena.parameter([64 * 17, 10], { dtype })
    generator.fillNormal(this.table, 0, 0.05)
  }

  forward(pixels) {
    const rows = Int32Array.from(pixels.data, (value, i) => (i % 64) * 17 + Math.round(value * 16))
    const found = functional.embedding(rows, this.table, { sparse: true })
    return functional.sum(functional.reshape(found, [-1, 64, 10]), { dim: 1 })
  }
}

const table = { ...perceptron, dtype: 'float32', build: (arena, options) => new PixelTable(arena, options) }

function digitsOf(csv) {
  const { columns, rows } = readTable(csv)
  const pixels = Float32Array.from({ length: rows * 64 }, (_, i) => columns[i % 64].values[Math.floor(i / 64)] / 16)
  return { pixels, labels: Int32Array.from(columns[64].values) }
}

/** Returns a run's state as JSON, from which `restored` reads the same numbers. */
function saved(value) {
  return JSON.stringify(value, (_, entry) =>
    ArrayBuffer.isView(entry) ? { array: entry.constructor.name, numbers: Array.from(entry) } : entry,
  )
}

const arrays = { Float32Array, Float64Array, Int32Array }

function restored(text) {
  return JSON.parse(text, (_, entry) => (entry?.array ? arrays[entry.array].from(entry.numbers) : entry))
}

class Training {
  constructor(name, { dtype, build, schedule }, digits, arena) {
    const { options, takes = () => true, sparse = false } = optimizers[name]
    this.arena = arena ?? downhill.Arena.createSync()
    this.digits = digits
    this.generator = new downhill.Generator(SEED)
    this.model = build(this.arena, { dtype, generator: this.generator })
    this.params = [...this.model.parameters()].filter(takes)
    this.optimizer = new exported[name](this.params, options)
    this.scheduler = schedule(this.optimizer, options.lr)
    this.loader = new downhill.Loader(
      this.arena,
      { image: { data: digits.pixels, shape: [1, 8, 8], dtype }, label: { data: digits.labels, dtype: 'int32' } },
      { batchSize: BATCH, shuffle: true, seed: SEED },
    )
    this.isSparse = sparse
    this.losses = []
  }

  step(batch) {
    const { arena, model, optimizer, params, generator } = this
    const drawn = generator.state
    this.losses.push(
      optimizer.step(() =>
        arena.frame(() => {
          // All evaluations in one step of LBFGS draw the same numbers.
          generator.state = drawn
          optimizer.zeroGrad()
          const loss = functional.crossEntropy(model.forward(batch.tensor('image')), batch.tensor('label'))
          loss.backward()
          if (!this.isSparse) downhill.clipGradNorm(params, 2)
          return loss.item()
        }),
      ),
    )
    this.scheduler.step()
  }

  run(from, to) {
    let step = from
    while (step < to) {
      for (const batch of this.loader) {
        this.step(batch)
        if (++step === to) return
      }
    }
  }

  state() {
    const { model, optimizer, scheduler, loader, generator, losses } = this
    return {
      model: model.stateDict(),
      optimizer: optimizer.stateDict(),
      scheduler: scheduler.stateDict(),
      loader: loader.state,
      generator: generator.state,
      losses,
    }
  }

  load(state) {
    this.model.loadStateDict(state.model)
    this.optimizer.loadStateDict(state.optimizer)
    this.scheduler.loadStateDict(state.scheduler)
    this.loader.state = state.loader
    this.generator.state = state.generator
    this.losses = state.losses
  }
}

function train(name, problem, digits, arena) {
  const first = new Training(name, problem, digits, arena)
  first.run(0, RESUMED_AT)
  const text = saved(first.state())
  if (!arena) first.arena.dispose()
  const second = new Training(name, problem, digits, arena)
  second.load(restored(text))
  second.run(RESUMED_AT, STEPS)
  const state = second.state()
  if (!arena) second.arena.dispose()
  return state
}

/** Returns the bytes of a state: keys in order, numbers as little-endian f64, arrays in their own type. */
function bytesOf(value, where = 'state') {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'string') {
    return [new TextEncoder().encode(`${value};`)]
  }
  if (typeof value === 'number' || ArrayBuffer.isView(value)) {
    const numbers = typeof value === 'number' ? Float64Array.of(value) : value
    // The bits of NaN depend on the engine.
    const wrong = numbers.findIndex((x) => !Number.isFinite(x))
    if (wrong >= 0) throw new Error(`${where}[${wrong}] is ${numbers[wrong]}`)
    return [new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)]
  }
  return Object.entries(value).flatMap(([key, entry]) => [new TextEncoder().encode(`${key}:`), ...bytesOf(entry, `${where}.${key}`)])
}

/** Returns the hash of a state, a text or arrays. */
export async function sha256(value, where) {
  const parts = bytesOf(value, where)
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Returns one hash per optimizer. @param arena computes all of it; by default each run has an arena of its own */
export async function hashes(csv, arena) {
  const digits = digitsOf(csv)
  const names = Object.keys(exported).filter((name) => exported[name].prototype instanceof downhill.Optimizer)
  const found = {}
  for (const name of names) {
    if (!Object.hasOwn(optimizers, name)) throw new Error(`program.mjs has no options for ${name}`)
    const problems = optimizers[name].sparse ? { table } : { perceptron, convolution }
    const states = Object.fromEntries(Object.entries(problems).map(([key, problem]) => [key, train(name, problem, digits, arena)]))
    for (const [key, { losses }] of Object.entries(states)) {
      const mean = (numbers) => numbers.reduce((sum, loss) => sum + loss, 0) / numbers.length
      if (!(mean(losses.slice(-6)) < mean(losses.slice(0, 6)))) throw new Error(`${name} does not learn (${key}): ${losses}`)
    }
    found[name] = await sha256(states, name)
  }
  return found
}

const decoded = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))

/**
 * Continues the runs of resume.mjs from another runtime's checkpoint and returns the hash of their last checkpoint. Throws if this runtime
 * would have written different bytes at the handover.
 */
async function resumed({ checkpoint, handedOver }) {
  const given = decoded(checkpoint)
  const own = runs.advance(runs.begin(), handedOver)
  const differs = own.length !== given.length || own.some((byte, i) => byte !== given[i])
  if (differs) throw new Error(`the checkpoint after ${handedOver} steps differs from the given one`)
  return sha256(runs.advance(given, runs.STEPS - handedOver), 'checkpoint')
}

/** Returns the hash of the predictions of another runtime's table model. */
const predicted = async ({ tableModel }) => sha256(await predictions(decoded(tableModel)), 'predictions')

/** Runs the golden cases with `runCase`, the package's own runner. Returns also the hash of all results. */
async function golden({ cases, files }, runCase, arena) {
  const outcomes = []
  const read = (name) => decoded(files[name])
  const [newArena, release] = arena ? [async () => arena, () => {}] : [() => downhill.Arena.create()]
  for (const test of cases) outcomes.push(...(await runCase(test, newArena, read, release)))
  const failed = outcomes.filter(({ passed }) => !passed)
  return {
    results: await sha256(JSON.stringify(outcomes.map(({ result }) => result)), 'results'),
    passed: outcomes.length - failed.length,
    failed: failed.length,
    failures: failed.slice(0, 10).map(({ name, dtype, worst }) => `${name} ${dtype}: ${worst.what} ${worst.error}, limit ${worst.limit}`),
  }
}

/** Computes what must have the same bits for any number of threads. */
async function bits({ csv, given, runCase }, arena) {
  const saved = checkpoints(arena ?? (await downhill.Arena.create()))
  return { hashes: await hashes(csv, arena), trained: await sha256(saved, 'checkpoints'), ...(await golden(given, runCase, arena)) }
}

/** Runs everything. Returns numbers, strings and lists only. */
export async function conformance(inputs) {
  const { given, module } = inputs
  await checkEntries(module)
  const alone = await bits(inputs)
  return {
    ...alone,
    resumed: await resumed(given),
    predicted: await predicted(given),
    relaxed: await relaxed(),
    threads: await threadsOf(async (arena) => {
      const found = await bits(inputs, arena)
      const differing = Object.keys(alone).filter((key) => JSON.stringify(found[key]) !== JSON.stringify(alone[key]))
      if (differing.length) throw new Error(`${arena.threads} threads compute other bits than one: ${differing.join(', ')}`)
    }),
  }
}
