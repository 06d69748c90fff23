/**
 * A worker that learns while it serves: it receives labeled digits, trains a few steps per request within a time budget, stores everything
 * in a durable object, and answers predictions. A restart loses nothing.
 *
 *   POST /examples?ms=20   { "examples": [{ "pixels": [64 numbers from 0 to 16], "label": 0 … 9 }, …] }: stores them and trains
 *   POST /train?ms=20      trains
 *   POST /predict          { "images": [[64 numbers], …] } → { "labels": […] }
 *   PUT  /model            a checkpoint of `downhill train --data … --save FILE`, at most 1 MB: stores it
 *   POST /model/predict    { "rows": [{ "column": value, … }, …] } → { "target": …, "predictions": […] }
 *   GET  /                 status: steps, loss, number of examples, bytes
 */
import { DurableObject } from 'cloudflare:workers'
import { AdamW, Arena, DownhillError, Generator } from 'downhill'
import * as nn from 'downhill/nn'
import { loadTableModel } from 'downhill/tables'

const PIXELS = 64
const CLASSES = 10
const BATCH = 32
const MOST_EXAMPLES = 10_000
const MOST_MILLISECONDS = 1000
/** Largest model in bytes: a durable object stores values of at most 2 MB. */
const LARGEST_MODEL = 2 ** 20

/** An error of the caller, answered with status 400. */
class Refused extends Error {}

function check(condition, sentence) {
  if (!condition) throw new Refused(sentence)
}

function checkImage(pixels) {
  const fits = Array.isArray(pixels) && pixels.length === PIXELS && pixels.every((value) => value >= 0 && value <= 16)
  check(fits, `pixels must be ${PIXELS} numbers in [0, 16]`)
}

function checkExample(example) {
  checkImage(example?.pixels)
  const { label } = example
  check(Number.isInteger(label) && label >= 0 && label < CLASSES, `label must be an integer in [0, ${CLASSES - 1}]`)
}

export class Learner extends DurableObject {
  #arena = Arena.createSync({ maximumBytes: 2 ** 25 })
  #generator = new Generator(1)
  #model
  #optimizer
  #steps = 0
  #loss = null
  #images = []
  #labels = []
  #table = null
  #busy = Promise.resolve()

  constructor(state, env) {
    super(state, env)
    const options = { generator: this.#generator }
    this.#model = new nn.Sequential(
      new nn.Linear(this.#arena, PIXELS, 32, options),
      new nn.ReLU(),
      new nn.Linear(this.#arena, 32, CLASSES, options),
    )
    this.#optimizer = new AdamW(this.#model.parameters(), { lr: 0.01 })
    state.blockConcurrencyWhile(() => this.#restore())
  }

  /** Stores everything. The storage accepts state dicts, which are plain objects of numbers and typed arrays. */
  #save() {
    return this.ctx.storage.put('checkpoint', {
      model: this.#model.stateDict(),
      optimizer: this.#optimizer.stateDict(),
      generator: this.#generator.state,
      steps: this.#steps,
      loss: this.#loss,
    })
  }

  async #restore() {
    const checkpoint = await this.ctx.storage.get('checkpoint')
    if (checkpoint) {
      this.#model.loadStateDict(checkpoint.model)
      this.#optimizer.loadStateDict(checkpoint.optimizer)
      this.#generator.state = checkpoint.generator
      this.#steps = checkpoint.steps
      this.#loss = checkpoint.loss
    }
    const table = await this.ctx.storage.get('table')
    if (table) this.#table = await loadTableModel(table, { arena: this.#arena })
    for (const part of (await this.ctx.storage.list({ prefix: 'examples/' })).values()) this.#remember(part)
  }

  #remember({ pixels, labels }) {
    for (const [i, label] of labels.entries()) {
      this.#images.push(pixels.subarray(i * PIXELS, (i + 1) * PIXELS))
      this.#labels.push(label)
    }
  }

  /** Stores a request's examples as one entry, whose key is the number of examples before it. */
  async #keep(examples) {
    check(Array.isArray(examples) && examples.length > 0 && examples.length <= 1000, 'examples must be an array of 1 to 1000 examples')
    examples.forEach(checkExample)
    check(this.#labels.length + examples.length <= MOST_EXAMPLES, `the worker stores at most ${MOST_EXAMPLES} examples`)
    const part = {
      pixels: Float32Array.from(examples.flatMap(({ pixels }) => pixels)),
      labels: Uint8Array.from(examples, ({ label }) => label),
    }
    await this.ctx.storage.put(`examples/${String(this.#labels.length).padStart(6, '0')}`, part)
    this.#remember(part)
  }

  #tensor(images) {
    const x = new Float32Array(images.length * PIXELS)
    for (const [i, image] of images.entries()) x.set(image, i * PIXELS)
    return this.#arena.tensor(
      x.map((value) => value / 16),
      [images.length, PIXELS],
    )
  }

  #step() {
    const rows = Array.from({ length: BATCH }, () => Math.floor(this.#generator.uniform() * this.#labels.length))
    this.#arena.frame(() => {
      const logits = this.#model.forward(this.#tensor(rows.map((row) => this.#images[row])))
      const loss = nn.functional.crossEntropy(
        logits,
        rows.map((row) => this.#labels[row]),
      )
      loss.backward()
      this.#optimizer.step()
      this.#optimizer.zeroGrad()
      this.#loss = loss.item()
    })
    this.#steps++
  }

  /** Trains until the time is up, then stores the model and optimizer, from which the next request continues. */
  async #stepFor(milliseconds) {
    check(this.#labels.length > 0, 'training needs examples; POST /examples first')
    check(milliseconds > 0 && milliseconds <= MOST_MILLISECONDS, `ms must be a number in (0, ${MOST_MILLISECONDS}]`)
    const [start, before] = [performance.now(), this.#steps]
    do {
      this.#step()
      // A worker's clock advances between events only.
      await scheduler.wait(0)
    } while (performance.now() - start < milliseconds)
    await this.#save()
    return { steps: this.#steps - before, milliseconds: performance.now() - start }
  }

  #predict(images) {
    check(Array.isArray(images) && images.length > 0 && images.length <= 1000, 'images must be an array of 1 to 1000 images')
    images.forEach(checkImage)
    return this.#arena.frame(() => {
      const logits = nn.noGrad(this.#arena, () => this.#model.forward(this.#tensor(images)).data)
      return images.map((_, i) => {
        const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES)
        return row.indexOf(Math.max(...row))
      })
    })
  }

  /** Replaces the table model, once the new one has loaded. */
  async #replaceModel(bytes) {
    check(bytes.byteLength <= LARGEST_MODEL, `a model must have at most ${LARGEST_MODEL} bytes, got ${bytes.byteLength}`)
    const loaded = await loadTableModel(bytes, { arena: this.#arena })
    await this.ctx.storage.put('table', bytes)
    this.#table?.dispose()
    this.#table = loaded
    return { target: loaded.target, columns: loaded.columns }
  }

  #predictRows(rows) {
    check(this.#table !== null, 'there is no table model; PUT /model first')
    check(Array.isArray(rows) && rows.length <= 10_000, 'rows must be an array of at most 10000 rows')
    const { target, classes } = this.#table
    const probabilities = classes ? { classes, probabilities: this.#table.probabilities(rows) } : {}
    return { target, predictions: this.#table.predict(rows), ...probabilities }
  }

  #status() {
    return { steps: this.#steps, loss: this.#loss, examples: this.#labels.length, bytes: this.#arena.usage().total }
  }

  async #answer(request) {
    const { pathname, searchParams } = new URL(request.url)
    const milliseconds = Number(searchParams.get('ms') ?? 20)
    const route = `${request.method} ${pathname}`
    if (route === 'GET /') return this.#status()
    if (route === 'POST /examples') {
      await this.#keep((await request.json()).examples)
      return { trained: await this.#stepFor(milliseconds), ...this.#status() }
    }
    if (route === 'POST /train') return { trained: await this.#stepFor(milliseconds), ...this.#status() }
    if (route === 'PUT /model') return this.#replaceModel(await request.arrayBuffer())
    if (route === 'POST /model/predict') return this.#predictRows((await request.json()).rows)
    if (route === 'POST /predict') return { labels: this.#predict((await request.json()).images) }
    throw new Refused(`unknown route: ${route}`)
  }

  /** Handles one request at a time, because interleaved requests would train the same model. */
  fetch(request) {
    const answer = this.#busy.then(async () => {
      try {
        return Response.json(await this.#answer(request))
      } catch (error) {
        const isCallers = [Refused, SyntaxError, DownhillError].some((Class) => error instanceof Class)
        if (!isCallers) throw error
        return Response.json({ error: error.message }, { status: 400 })
      }
    })
    this.#busy = answer.catch(() => {})
    return answer
  }
}

export default {
  fetch(request, env) {
    return env.LEARNER.get(env.LEARNER.idFromName('digits')).fetch(request)
  },
}
