/** Runs the programs in examples/ and checks the numbers in the last line of each. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const examples = {
  'digits-cnn': [/: ([\d.]+) %$/, ([accuracy]) => accuracy >= 98],
  'character-gpt': [/^held-out loss ([\d.]+), .* difference (\S+)$/, ([loss, difference]) => loss < 1.8 && difference < 1e-5],
  'sequence-gru': [/: ([\d.]+) %, baseline .* ([\d.]+) %$/, ([accuracy, baseline]) => accuracy > baseline + 25],
  'diabetes-lbfgs': [/; relative difference (\S+)$/, ([difference]) => difference < 1e-9],
}

const counts = { passed: 0, failed: 0 }
for (const [name, [pattern, holds]] of Object.entries(examples)) {
  const file = fileURLToPath(new URL(`../examples/${name}.mjs`, import.meta.url))
  const began = performance.now()
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 300_000 })
  const last = stdout.trimEnd().split('\n').at(-1)
  const numbers = last.match(pattern)?.slice(1).map(Number)
  const ok = status === 0 && numbers?.every(Number.isFinite) && holds(numbers)
  counts[ok ? 'passed' : 'failed']++
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${ok ? 'passed' : 'FAILED'}  ${name} (${seconds} s): ${last}`)
  if (!ok) console.log(signal ? `ended by ${signal}` : stderr)
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed ? 1 : 0
