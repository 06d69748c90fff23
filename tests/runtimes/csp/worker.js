/** Trains a perceptron on the digits in a worker and posts its accuracy on the last 297. */
import { readTable } from '/node_modules/downhill/dist/compare.js'
import { AdamW, Arena, Generator } from '/node_modules/downhill/dist/index.js'
import * as nn from '/node_modules/downhill/dist/nn.js'

const TRAINING = 1500

async function train() {
  const { columns, rows } = readTable(await (await fetch('/digits.csv')).text())
  const features = (from, to) =>
    Float32Array.from({ length: (to - from) * 64 }, (_, i) => columns[i % 64].values[from + Math.floor(i / 64)] / 16)
  const labels = (from, to) => Int32Array.from(columns[64].values.slice(from, to))

  const arena = await Arena.create()
  const generator = new Generator(1)
  const model = new nn.Sequential(new nn.Linear(arena, 64, 32, { generator }), new nn.ReLU(), new nn.Linear(arena, 32, 10, { generator }))
  const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
  for (let epoch = 0; epoch < 15; epoch++) {
    for (let from = 0; from < TRAINING; from += 50) {
      arena.frame(() => {
        const x = arena.tensor(features(from, from + 50), [50, 64])
        nn.functional.crossEntropy(model.forward(x), labels(from, from + 50)).backward()
        optimizer.step()
        optimizer.zeroGrad()
      })
    }
  }
  const held = rows - TRAINING
  const logits = arena.frame(() => model.forward(arena.tensor(features(TRAINING, rows), [held, 64])).data.slice())
  const read = Array.from({ length: held }, (_, i) => {
    const row = logits.subarray(10 * i, 10 * i + 10)
    return row.indexOf(Math.max(...row))
  })
  const digits = labels(TRAINING, rows)
  return { accuracy: read.filter((digit, i) => digit === digits[i]).length / held }
}

try {
  postMessage(await train())
} catch ({ code, message }) {
  postMessage({ error: { code, message } })
}
