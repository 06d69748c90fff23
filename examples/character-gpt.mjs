/**
 * Trains a character-level GPT on three books of the King James Bible and compares its losses with PyTorch's. character-gpt.py trains the
 * same model from the same weights on the same batches and writes its losses to character-gpt.json.
 */
import { readFileSync } from 'node:fs'
import { AdamW, Arena, CosineAnnealingLR, clipGradNorm, Generator } from 'downhill'
import * as nn from 'downhill/nn'

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')
const expected = JSON.parse(read('character-gpt.json'))
const { steps, batch, context, width, heads, layers } = expected.settings

// Holds out the last tenth of the text.
const verses = read('../datasets/kjv.tsv').trimEnd().split('\n').slice(1)
const text = verses.map((verse) => verse.split('\t')[3]).join('\n')
const characters = [...new Set(text)].sort()
const codes = Int32Array.from(text, (character) => characters.indexOf(character))
const boundary = Math.floor(codes.length * 0.9)

const arena = await Arena.create()

class GPT extends nn.Module {
  constructor() {
    super()
    this.token = new nn.Embedding(arena, characters.length, width)
    this.position = new nn.Embedding(arena, context, width)
    const options = { dimFeedforward: 4 * width, dropout: 0, activation: 'gelu', batchFirst: true, normFirst: true }
    this.blocks = Array.from({ length: layers }, () => new nn.TransformerEncoderLayer(arena, width, heads, options))
    this.norm = new nn.LayerNorm(arena, width)
    this.head = new nn.Linear(arena, width, characters.length)
  }

  /** [rows, positions] codes to [rows, positions, characters] logits */
  forward(x) {
    const positions = Int32Array.from({ length: x.shape[1] }, (_, i) => i)
    let hidden = nn.functional.add(this.token.forward(x), this.position.forward(positions))
    for (const block of this.blocks) hidden = block.forward(hidden, { isCausal: true })
    return this.head.forward(this.norm.forward(hidden))
  }
}

/** Hashes n to a 32-bit integer, the same as in Python. */
function mixed(n) {
  let x = n >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

// Initial weights that Python computes too: matrices uniform within ±1/√columns, biases 0, normalizations 1.
const model = new GPT()
let drawn = 0
for (const [name, { data, shape }] of model.namedParameters()) {
  if (shape.length > 1) for (let i = 0; i < data.length; i++) data[i] = (mixed(drawn++) / 2 ** 31 - 1) / Math.sqrt(shape.at(-1))
  else if (name.endsWith('bias')) data.fill(0)
}

/** Returns the mean loss of next-character predictions for the sequences that begin at `starts`. */
function lossOf(starts) {
  const piece = (offset) => starts.flatMap((start) => Array.from(codes.subarray(start + offset, start + offset + context)))
  const logits = model.forward(arena.tensor(piece(0), [starts.length, context], { dtype: 'int32' }))
  return nn.functional.crossEntropy(nn.functional.reshape(logits, [-1, characters.length]), piece(1))
}

const optimizer = new AdamW(model.parameters(), { lr: 0.008, weightDecay: 0.1 })
const scheduler = new CosineAnnealingLR(optimizer, { tMax: steps })

/** Prints a loss and PyTorch's. Returns their relative difference. */
function row(name, loss, torch) {
  const difference = Math.abs(loss - torch) / torch
  const cells = [loss.toFixed(6), torch.toFixed(6), difference.toExponential(1)]
  console.log(name.padEnd(10), ...cells.map((cell) => cell.padStart(10)))
  return difference
}

console.log('              downhill    PyTorch difference')
const differences = []
for (let step = 1; step <= steps; step++) {
  const starts = Array.from({ length: batch }, (_, i) => mixed(2 ** 31 + step * batch + i) % (boundary - context))
  const loss = arena.frame(() => {
    const value = lossOf(starts)
    optimizer.zeroGrad()
    value.backward()
    clipGradNorm(model.parameters(), 1)
    optimizer.step()
    scheduler.step()
    return value.item()
  })
  if (`${step}` in expected.losses) differences.push(row(`step ${step}`, loss, expected.losses[step]))
}

// Evaluates the held-out text in pieces.
const pieces = Array.from({ length: Math.floor((codes.length - boundary - 1) / context) }, (_, i) => boundary + i * context)
let heldOut = 0
for (let i = 0; i < pieces.length; i += 32) {
  const some = pieces.slice(i, i + 32)
  heldOut += (arena.frame(() => nn.noGrad(arena, () => lossOf(some).item())) * some.length) / pieces.length
}
differences.push(row('held out', heldOut, expected.heldOut))

// Samples a text.
const generator = new Generator(3)
const written = Array.from('\n', (character) => characters.indexOf(character))
while (written.length < 300) {
  const seen = written.slice(-context)
  const probabilities = arena.frame(() =>
    nn.noGrad(arena, () => {
      const logits = model.forward(arena.tensor(seen, [1, seen.length], { dtype: 'int32' }))
      return nn.functional.softmax(nn.functional.narrow(logits, 1, -1, 1), -1).data.slice()
    }),
  )
  let left = generator.uniform()
  written.push(
    Math.max(
      0,
      probabilities.findIndex((probability) => (left -= probability) < 0),
    ),
  )
}
console.log(`${written.map((code) => characters[code]).join('')}\n`)
const greatest = Math.max(...differences).toExponential(1)
const [here, torch] = [heldOut.toFixed(6), expected.heldOut.toFixed(6)]
console.log(`held-out loss ${here}, PyTorch's ${torch}; greatest relative difference ${greatest}`)
