/** Trains a convolutional network on handwritten digits and prints its accuracy on held-out ones. */
import { readFileSync } from 'node:fs'
import { Adam, Arena, Generator, OneCycleLR } from 'downhill'
import { readTable } from 'downhill/compare'
import * as nn from 'downhill/nn'

const EPOCHS = 12
const BATCH = 32
const SEED = 1

// 1,797 images of 8×8 pixels from 0 to 16; a fifth are held out.
const { columns, rows } = readTable(readFileSync(new URL('../datasets/digits.csv', import.meta.url), 'utf8'))
const pixels = columns.slice(0, 64).map((column) => column.values)
const digits = columns[64].values
const generator = new Generator(SEED)
const order = generator.permutation(rows)
const heldOut = order.slice(0, Math.ceil(rows / 5))
const training = order.slice(heldOut.length)

const arena = await Arena.create()
const images = (numbers) => {
  const data = Float32Array.from({ length: numbers.length * 64 }, (_, i) => pixels[i % 64][numbers[Math.floor(i / 64)]] / 16)
  return arena.tensor(data, [numbers.length, 1, 8, 8])
}
const labels = (numbers) => Int32Array.from(numbers, (number) => digits[number])

const block = (inChannels, outChannels) => [
  new nn.Conv2d(arena, inChannels, outChannels, 3, { padding: 1, bias: false, generator }),
  new nn.BatchNorm2d(arena, outChannels),
  new nn.ReLU(),
]
const model = new nn.Sequential(
  ...block(1, 16),
  ...block(16, 32),
  new nn.MaxPool2d(2),
  ...block(32, 64),
  new nn.MaxPool2d(2),
  new nn.Flatten(),
  new nn.Dropout(0.4, { generator }),
  new nn.Linear(arena, 64 * 2 * 2, 10, { generator }),
)
const optimizer = new Adam(model.parameters())
const scheduler = new OneCycleLR(optimizer, { maxLr: 0.005, epochs: EPOCHS, stepsPerEpoch: Math.ceil(training.length / BATCH) })

/** Returns how many of these images the model classifies correctly. */
function correct(numbers) {
  model.eval()
  const logits = arena.frame(() => nn.noGrad(arena, () => model.forward(images(numbers)).data.slice()))
  model.train()
  return numbers.filter((number, i) => {
    const row = logits.subarray(10 * i, 10 * i + 10)
    return row.indexOf(Math.max(...row)) === digits[number]
  }).length
}

for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  const shuffled = generator.permutation(training.length).map((i) => training[i])
  let total = 0
  for (let start = 0; start < shuffled.length; start += BATCH) {
    const batch = shuffled.subarray(start, start + BATCH)
    total += arena.frame(() => {
      const loss = nn.functional.crossEntropy(model.forward(images(batch)), labels(batch))
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      scheduler.step()
      return loss.item() * batch.length
    })
  }
  console.log(`epoch ${String(epoch).padStart(2)}: training loss ${(total / training.length).toFixed(4)}`)
}

const right = correct(heldOut)
console.log(`${right} of ${heldOut.length} held-out digits classified correctly: ${((100 * right) / heldOut.length).toFixed(2)} %`)
