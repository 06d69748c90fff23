/** Solves least squares by LBFGS with a line search, and in closed form by the normal equations. */
import { readFileSync } from 'node:fs'
import { Arena, LBFGS } from 'downhill'
import { readTable } from 'downhill/compare'
import * as nn from 'downhill/nn'

const { columns, rows } = readTable(readFileSync(new URL('../datasets/diabetes.csv', import.meta.url), 'utf8'))
const features = columns.slice(0, -1)
const target = columns.at(-1).values

// Standardizes each feature to mean 0 and deviation 1.
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / rows
const scaled = features.map(({ values }) => {
  const center = mean(values)
  const deviation = Math.sqrt(mean(values.map((value) => (value - center) ** 2)))
  return values.map((value) => (value - center) / deviation)
})

const arena = await Arena.create()
const model = new nn.Linear(arena, features.length, 1, { dtype: 'float64' })
const x = arena.tensor(
  Float64Array.from({ length: rows * features.length }, (_, i) => scaled[i % features.length][Math.floor(i / features.length)]),
  [rows, features.length],
  { dtype: 'float64' },
)
const y = arena.tensor(target, [rows, 1], { dtype: 'float64' })

const optimizer = new LBFGS(model.parameters(), { lineSearchFn: 'strong_wolfe', maxIter: 10 })
let evaluations = 0
const closure = () =>
  arena.frame(() => {
    evaluations++
    optimizer.zeroGrad()
    const loss = nn.functional.mseLoss(model.forward(x), y)
    loss.backward()
    return loss.item()
  })
for (let step = 1; step <= 5; step++) {
  const before = optimizer.step(closure)
  console.log(`step ${step}: mean squared residual ${before.toFixed(6)} before, ${closure().toFixed(6)} after`)
}
const [weight, bias] = [...model.parameters()].map(({ data }) => Array.from(data))

/** Solves a·z = b by Gaussian elimination with pivoting. */
function solve(a, b) {
  const n = b.length
  const m = a.map((row, i) => [...row, b[i]])
  for (let k = 0; k < n; k++) {
    const pivot = m.reduce((best, row, i) => (i > k && Math.abs(row[k]) > Math.abs(m[best][k]) ? i : best), k)
    ;[m[k], m[pivot]] = [m[pivot], m[k]]
    for (let i = k + 1; i < n; i++) {
      const factor = m[i][k] / m[k][k]
      for (let j = k; j <= n; j++) m[i][j] -= factor * m[k][j]
    }
  }
  const z = new Array(n).fill(0)
  for (let k = n - 1; k >= 0; k--) z[k] = (m[k][n] - z.reduce((sum, value, j) => (j > k ? sum + m[k][j] * value : sum), 0)) / m[k][k]
  return z
}

// Solves (XᵀX)·z = Xᵀy, with a column of ones for the bias.
const design = [...scaled, new Float64Array(rows).fill(1)]
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const exact = solve(
  design.map((a) => design.map((b) => dot(a, b))),
  design.map((a) => dot(a, target)),
)

const residual = (z) => mean(target.map((value, i) => (value - z.reduce((sum, weight, j) => sum + weight * design[j][i], 0)) ** 2))
const fitted = [...weight, ...bias]
console.log('\nfeature             LBFGS  closed form')
for (const [i, value] of fitted.entries()) {
  console.log(`${(features[i]?.name ?? 'bias').padEnd(8)} ${value.toFixed(6).padStart(16)} ${exact[i].toFixed(6).padStart(12)}`)
}
const [found, least] = [residual(fitted), residual(exact)]
console.log(
  `\nmean squared residual ${found.toFixed(9)} after ${evaluations} evaluations, closed form ${least.toFixed(9)}; ` +
    `relative difference ${(Math.abs(found - least) / least).toExponential(1)}`,
)
