import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { AnyRule } from '../../host/optimizer/rule.ts'
import { everyRule } from './every-rule.ts'

/**
 * Returns the change of the used heap in bytes over 10,000 iterations of `loop`, after 2,000 to warm up. It is the minimum of six
 * measurements, because V8 counts all of a page in use, which varies by 170 or 340 KB, mostly in the first ones. A leak would grow in each. Runs
 * the built package.
 */
function heapChange(setUp: string, loop: string): number {
  const program = `
    import * as downhill from 'downhill'
    import * as nn from 'downhill/nn'
    const arena = await downhill.Arena.create()
    ${setUp}
    const turns = (n) => { for (let i = 0; i < n; i++) { ${loop} } }
    const used = () => { globalThis.gc(); globalThis.gc(); return process.memoryUsage().heapUsed }
    turns(2000)
    const changes = []
    for (let stretch = 0; stretch < 6; stretch++) {
      const before = used()
      turns(10000)
      changes.push(Math.abs(used() - before))
    }
    console.log(Math.min(...changes))
  `
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const args = ['--expose-gc', '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

const PARAMS =
  'const params = Array.from({ length: 20 }, (_, i) => arena.parameter([i + 1, 2])); for (const p of params) p.grad = new Float32Array(p.size).fill(0.1);'
const ROWS = 'for (const p of params) p.grad = { indices: [0], values: [0.1, 0.2] };'

const options = (rule: AnyRule) => ('weightDecay' in rule.options ? '{ weightDecay: 0.01 }' : '{}')
const rules = everyRule.map(({ name, rule }) => [name, options(rule), rule.sparse === 'only' ? ROWS : '', 'optimizer.step()'])

it.each([
  ...rules,
  ['Adafactor', '{}', '', 'optimizer.step()'],
  ['Muon', '{}', '', 'optimizer.step()'],
  ['LBFGS', '{ maxIter: 2, historySize: 3, toleranceChange: 0 }', '', 'optimizer.step(() => 1)'],
])('10,000 steps of %s do not grow the heap', (name, given, more, loop) => {
  const change = heapChange(`${PARAMS} ${more} const optimizer = new downhill.${name}(params, ${given})`, loop!)
  expect(change).toBeLessThan(64 * 1024)
})

it('10,000 training steps of a perceptron do not grow the heap', () => {
  const change = heapChange(
    `const model = new nn.Sequential(new nn.Linear(arena, 8, 4), new nn.ReLU(), new nn.Linear(arena, 4, 2))
     const optimizer = new downhill.Adam(model.parameters())
     const x = new Float32Array(16), y = [0, 1]`,
    `arena.frame(() => {
       nn.functional.crossEntropy(model.forward(arena.tensor(x, [2, 8])), y).backward()
       optimizer.step()
       optimizer.zeroGrad()
     })`,
  )
  expect(change).toBeLessThan(64 * 1024)
})

it('10,000 training steps of a CNN do not grow the heap or linear memory', () => {
  const change = heapChange(
    `const model = new nn.Sequential(
       new nn.Conv2d(arena, 1, 4, 3, { padding: 1 }), new nn.BatchNorm2d(arena, 4), new nn.ReLU(), new nn.MaxPool2d(2),
       new nn.Flatten(), new nn.Linear(arena, 16, 3))
     const optimizer = new downhill.AdamW(model.parameters())
     const x = new Float32Array(64).map((_, i) => Math.sin(i)), y = [0, 1, 2, 1]
     let [steps, bytes] = [0, 0]`,
    `arena.frame(() => {
       nn.functional.crossEntropy(model.forward(arena.tensor(x, [4, 1, 4, 4])), y).backward()
       downhill.clipGradNorm(model.parameters(), 1)
       optimizer.step()
       optimizer.zeroGrad()
     })
     if (++steps === 2000) bytes = arena.usage().total
     if (steps > 2000 && arena.usage().total !== bytes) throw new Error('linear memory has grown')`,
  )
  expect(change).toBeLessThan(1024 * 1024)
}, 120_000)
