/**
 * Threads compute the bits of one thread: the golden cases, the training program, and a checkpoint after 500 steps of a convolutional network
 * and of a small GPT. Imports no runtime-specific modules.
 */
import { AdamW, Arena, clipGradNorm, Generator } from 'downhill'
import { checkpoint } from 'downhill/io'
import * as nn from 'downhill/nn'

const { functional } = nn

/** Numbers of threads to compare with one. */
const COUNTS = [2, 3, 4, 7]

/** Returns why the runtime has no threads, and the number for 'auto'; undefined if it has some. */
export async function refusal() {
  try {
    const arena = await Arena.create({ threads: 2 })
    arena.dispose()
    return undefined
  } catch ({ code, message }) {
    const arena = await Arena.create({ threads: 'auto' })
    return { code, message, auto: arena.threads }
  }
}

/** Passes an arena to `compare` for each number of threads, which divides even the shortest computations. Returns the numbers, or the refusal. */
export async function threadsOf(compare) {
  const refused = await refusal()
  if (refused) return refused
  for (const threads of COUNTS) {
    const arena = await Arena.create({ threads })
    arena.crew.divideFrom(1)
    await compare(arena)
    const { jobs } = arena.crew
    if (jobs < 1000) throw new Error(`${threads} threads had ${jobs} jobs`)
    // The last crew stays, because the process must exit by itself.
    if (threads !== COUNTS.at(-1)) arena.dispose()
  }
  return COUNTS
}

/** Steps of a run. */
const STEPS = 500

const BATCH = 8
const WORDS = 16

const cnn = (arena, generator) => {
  const layers = new nn.Sequential(
    new nn.Conv2d(arena, 1, 8, 3, { padding: 1, generator }),
    new nn.BatchNorm2d(arena, 8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.1, { generator }),
    new nn.Linear(arena, 8 * 4 * 4, 10, { generator }),
  )
  const images = new Generator(3)
  return {
    model: layers,
    loss() {
      const labels = Array.from({ length: BATCH }, () => Math.floor(10 * images.uniform()))
      const pixels = labels.flatMap((label) => Array.from({ length: 64 }, (_, i) => ((i * (label + 3)) % 10) / 10 + images.uniform()))
      return functional.crossEntropy(layers.forward(arena.tensor(pixels, [BATCH, 1, 8, 8])), labels)
    },
  }
}

/** One block of a decoder with causal attention, which learns to count. */
class Gpt extends nn.Module {
  constructor(arena, generator) {
    super()
    this.words = new nn.Embedding(arena, WORDS, 16, { generator })
    this.block = new nn.TransformerEncoderLayer(arena, 16, 2, {
      dimFeedforward: 32,
      dropout: 0.1,
      batchFirst: true,
      normFirst: true,
      generator,
    })
    this.head = new nn.Linear(arena, 16, WORDS, { generator })
  }

  forward(words) {
    return functional.reshape(this.head.forward(this.block.forward(this.words.forward(words), { isCausal: true })), [-1, WORDS])
  }
}

const gpt = (arena, generator) => {
  const model = new Gpt(arena, generator)
  const starts = new Generator(4)
  return {
    model,
    loss() {
      const text = Array.from({ length: BATCH }, () => Math.floor(WORDS * starts.uniform())).flatMap((first) =>
        Array.from({ length: 9 }, (_, i) => (first + 3 * i) % WORDS),
      )
      const words = text.filter((_, i) => i % 9 < 8)
      return functional.crossEntropy(
        model.forward(arena.tensor(words, [BATCH, 8], { dtype: 'int32' })),
        text.filter((_, i) => i % 9 > 0),
      )
    },
  }
}

/** Returns the checkpoint of a model after 500 steps. */
function trained(build, arena) {
  const generator = new Generator(9)
  const { model, loss } = build(arena, generator)
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
  const losses = []
  for (let step = 0; step < STEPS; step++) {
    arena.frame(() => {
      const now = loss()
      now.backward()
      clipGradNorm(model.parameters(), 1)
      optimizer.step()
      optimizer.zeroGrad()
      losses.push(now.item())
    })
  }
  if (!(losses.at(-1) < losses[0] / 2)) throw new Error(`no learning: ${losses[0]} to ${losses.at(-1)}`)
  return checkpoint.save({ model, optimizer, generator, losses })
}

/** Returns the checkpoints after 500 steps in an arena. */
export const checkpoints = (arena) => ({ CNN: trained(cnn, arena), GPT: trained(gpt, arena) })
