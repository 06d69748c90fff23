/** Writes the parts of docs/ that follow from declarations. `node tools/docs.mjs --check` fails if they are not what is committed. */
import { readFileSync, writeFileSync } from 'node:fs'
import * as downhill from 'downhill'

const root = new URL('..', import.meta.url)
const cell = (text) => String(text).replaceAll('|', '\\|')
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')
const shown = (value) => (value === Infinity ? '∞' : JSON.stringify(value))

function optimizer({ rule, name }) {
  const options = Object.entries(rule.options).filter(([, option]) => !option.fixed && !option.doc.startsWith('chooses among'))
  const state = Object.keys(rule.state).map((slot) => slot.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  const keys = [...(rule.uncounted ? [] : ['step']), ...state]
  return `## ${name}

$$
\\begin{aligned}
${rule.math.map((line) => `&${line}`).join('\\\\\n')}
\\end{aligned}
$$

${table(
  ['option', 'default', 'values', 'what it does'],
  options.map(([key, option]) => [`\`${key}\``, `\`${shown(option.default)}\``, option.range, option.doc]),
)}

State, under torch's keys: ${keys.map((key) => `\`${key}\``).join(', ')}.${rule.eager ? ' It exists from construction.' : ''}

${rule.paper}.

\`\`\`js
import { Arena, ${name} } from 'downhill'

const arena = await Arena.create()
const w = arena.parameter([3], { data: [1, -2, 3] })
const optimizer = new ${name}([w], { lr: 0.1 })
w.grad = ${rule.sparse === 'only' ? '{ indices: [0, 2], values: [0.5, -1] }' : '[0.5, 0.5, -1]'}
optimizer.step()
\`\`\`
`
}

const optimizers = Object.entries(downhill)
  .filter(([, value]) => value?.declaration?.kernel)
  .map(([name, value]) => ({ name, rule: value.declaration }))

const generated = {
  'docs/optimizers.md': `# Optimizers

Written from the declarations in \`host/rules\` by \`npm run docs\`. \`t\` is a parameter's own step, 1 for its first. In all of them
\`maximize\` negates the gradient before anything else, and options that torch uses to choose among its kernels (\`foreach\`, \`fused\`,
\`capturable\`, \`differentiable\`) are accepted and change nothing.

${optimizers.map(optimizer).join('\n')}`,
  'docs/errors.md': `# Errors

Every error of the package is a \`DownhillError\` with one of these codes, thrown before anything was changed. Written by \`npm run docs\`
from \`host/errors.ts\`.

${table(
  ['code', 'what it means'],
  Object.entries(downhill.errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}
`,
}

let stale = 0
for (const [name, text] of Object.entries(generated)) {
  const file = new URL(name, root)
  if (process.argv.includes('--check')) {
    if (readFileSync(file, 'utf8') !== text) {
      console.error(`${name} is not what the declarations say: run npm run docs`)
      stale++
    }
  } else writeFileSync(file, text)
}
process.exitCode = stale ? 1 : 0
