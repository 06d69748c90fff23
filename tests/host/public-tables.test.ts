/** Public tables: trained on four fifths of the rows by the command, and no worse than scikit-learn's perceptron on the rest. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'

const files = new URL('../files/', import.meta.url)
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-public-'))
/** Scores of scikit-learn on the same split, by tests/files/perceptron.py. */
const scikit: Record<string, { target: string; metric: string; mean: number }> = JSON.parse(
  readFileSync(new URL('perceptron.json', files), 'utf8'),
)

afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the command and returns what it prints. */
function downhill(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  return stdout
}

it.each(Object.entries(scikit))('%s is predicted within 0.03 of scikit-learn', (name, { target, metric, mean }) => {
  const [head, ...lines] = readFileSync(new URL(`tables/${name}.csv`, files), 'utf8')
    .trim()
    .split('\n')
  const part = (isHeld: boolean) => [head, ...lines.filter((_, row) => (row % 5 === 0) === isHeld)].join('\n')
  writeFileSync(join(folder, 'train.csv'), part(false))
  writeFileSync(join(folder, 'held.csv'), part(true))
  downhill('train', '--data', 'train.csv', '--target', target, '--save', name)
  const out = downhill('predict', name, '--data', 'held.csv', '--out', 'predicted.csv')
  const [, percent] = out.match(/^balanced accuracy (\d+\.\d) %/m) ?? []
  const [, value] = out.match(/^R² on these rows (\S+)$/m) ?? []
  const score = metric === 'R²' ? Number(value) : Number(percent) / 100
  console.log(`${name}: ${metric} ${score}, scikit-learn ${mean.toFixed(3)}`)
  expect(score).toBeGreaterThan(mean - 0.03)
})
