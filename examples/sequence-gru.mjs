/** Trains a GRU to predict the book of the Bible from the beginning of a verse, character by character. */
import { readFileSync } from 'node:fs'
import { AdamW, Arena, CosineAnnealingLR, clipGradNorm, Generator } from 'downhill'
import * as nn from 'downhill/nn'

const LENGTH = 64
const HIDDEN = 64
const EPOCHS = 10
const BATCH = 32

const lines = readFileSync(new URL('../datasets/kjv.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
const table = lines.map((line) => line.split('\t'))
const books = [...new Set(table.map(([book]) => book))]
const characters = [...new Set(table.flatMap(([, , , text]) => [...text]))].sort()
// Pads shorter verses with code 0 at the front.
const verses = table.map(([book, , , text]) => ({
  book: books.indexOf(book),
  codes: Array.from(text.slice(0, LENGTH).padStart(LENGTH, '\0'), (character) => characters.indexOf(character) + 1),
}))

// Holds out a fifth of the verses.
const generator = new Generator(5)
const shuffle = (array) => Array.from(generator.permutation(array.length), (i) => array[i])
const shuffled = shuffle(verses)
const heldOut = shuffled.slice(0, Math.ceil(verses.length / 5))
const training = shuffled.slice(heldOut.length)

const arena = await Arena.create()

class Reader extends nn.Module {
  constructor() {
    super()
    this.embedding = new nn.Embedding(arena, characters.length + 1, 16, { paddingIdx: 0, generator })
    this.gru = new nn.GRU(arena, 16, HIDDEN, { batchFirst: true, generator })
    this.dropout = new nn.Dropout(0.3, { generator })
    this.head = new nn.Linear(arena, HIDDEN, books.length, { generator })
  }

  /** [rows, LENGTH] codes to [rows, books] logits */
  forward(x) {
    const states = this.gru.forward(this.embedding.forward(x))
    return this.head.forward(this.dropout.forward(nn.functional.amax(states, { dim: 1 })))
  }
}

const model = new Reader()
const logitsOf = (batch) =>
  model.forward(
    arena.tensor(
      batch.flatMap(({ codes }) => codes),
      [batch.length, LENGTH],
      { dtype: 'int32' },
    ),
  )
const optimizer = new AdamW(model.parameters(), { lr: 0.005 })
const scheduler = new CosineAnnealingLR(optimizer, { tMax: EPOCHS * Math.ceil(training.length / BATCH) })

/** Returns the accuracy on held-out verses. */
function accuracy() {
  model.eval()
  const logits = arena.frame(() => nn.noGrad(arena, () => logitsOf(heldOut).data.slice()))
  model.train()
  const right = heldOut.filter(({ book }, i) => {
    const row = logits.subarray(i * books.length, (i + 1) * books.length)
    return row.indexOf(Math.max(...row)) === book
  })
  return right.length / heldOut.length
}

const percent = (share) => `${(100 * share).toFixed(2)} %`
for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  const order = shuffle(training)
  let total = 0
  for (let start = 0; start < order.length; start += BATCH) {
    const batch = order.slice(start, start + BATCH)
    total += arena.frame(() => {
      const targets = batch.map(({ book }) => book)
      const loss = nn.functional.crossEntropy(logitsOf(batch), targets)
      optimizer.zeroGrad()
      loss.backward()
      clipGradNorm(model.parameters(), 1)
      optimizer.step()
      scheduler.step()
      return loss.item() * batch.length
    })
  }
  console.log(`epoch ${String(epoch).padStart(2)}: training loss ${(total / training.length).toFixed(4)}, held out ${percent(accuracy())}`)
}

// Baseline: always the book with the most verses.
const counts = books.map((_, book) => training.filter((verse) => verse.book === book).length)
const commonest = counts.indexOf(Math.max(...counts))
const baseline = heldOut.filter(({ book }) => book === commonest).length / heldOut.length
const always = `always ${books[commonest]}`
console.log(`accuracy on ${heldOut.length} held-out verses: ${percent(accuracy())}, baseline (${always}) ${percent(baseline)}`)
