/** Prints one object of each kind with console.log. The output of Node, Deno and Bun must equal printing.txt. */
import { AdamW, Arena } from 'downhill'
import * as nn from 'downhill/nn'

const arena = await Arena.create()
const model = new nn.Sequential(
  new nn.Conv2d(arena, 1, 8, 3, { padding: 1 }),
  new nn.BatchNorm2d(arena, 8),
  new nn.ReLU(),
  new nn.MaxPool2d(2),
  new nn.Flatten(),
  new nn.Linear(arena, 128, 10),
)
const decayed = [...model.parameters()].filter(({ shape }) => shape.length > 1)
const others = [...model.parameters()].filter(({ shape }) => shape.length === 1)

console.log(arena.tensor([1, -2.5, 3]))
console.log(
  arena.tensor(
    Float32Array.from({ length: 10_000 }, (_, i) => Math.sqrt(i)),
    [100, 100],
  ),
)
console.log(model)
console.log(new AdamW([{ params: decayed }, { params: others, weightDecay: 0 }], { lr: 0.01 }))
console.log(arena)
