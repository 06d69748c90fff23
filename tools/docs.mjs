/** Generates the parts of docs/ from declarations and docstrings. `node tools/docs.mjs --check` fails if the committed ones differ. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { api, entries } from './api.mjs'
import { equations, guide } from './guide.mjs'
import { importHost, root } from './host.mjs'

const { KERNEL_CHOICES } = await importHost('conformance/judge.ts')

// From the sources, because dist lacks the text for documentation.
const downhill = await importHost('index.ts')
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')
const shown = (value) => (value === Infinity ? '∞' : JSON.stringify(value))
const symbols = Object.fromEntries(Object.entries(entries).map(([entry, file]) => [entry, api(file)]))
const docOf = (name) => symbols.downhill.find((symbol) => symbol.name === name).doc
const sentence = (text) => text.replace(/\{@link (\w+)\}/g, '`$1`')

/** Returns an example as a complete program. */
function program(example) {
  const needsArena = !example.includes('const arena')
  const names = [...new Set([...(needsArena ? ['downhill.Arena'] : []), ...(example.match(/\bdownhill\.\w+/g) ?? [])])].map((name) =>
    name.slice(9),
  )
  for (const name of ['Arena', 'Generator'])
    if (new RegExp(`\\b${name}\\.|new ${name}\\(`).test(example) && !names.includes(name)) names.push(name)
  const io = [...new Set(example.match(/(?<=\bio\.)\w+/g))].sort()
  const imports = [
    names.length ? `import { ${names.sort().join(', ')} } from 'downhill'` : '',
    /\bnn\./.test(example) ? "import * as nn from 'downhill/nn'" : '',
    io.length ? `import { ${io.join(', ')} } from 'downhill/io'` : '',
    /\bfunctional\./.test(example.replaceAll('nn.functional', '')) ? "import { functional } from 'downhill/nn'" : '',
  ]
  const start = needsArena && /\barena\b/.test(example) ? ['const arena = await Arena.create()'] : []
  return ['```js', ...imports.filter(Boolean), '', ...start, example.replaceAll(/\b(downhill|io)\./g, ''), '```'].join('\n')
}

function optionTable(declared, further = []) {
  const own = Object.entries(declared).filter(([key, option]) => !option.fixed && !KERNEL_CHOICES.has(key))
  const rows = own.map(([key, option]) => [
    `\`${key}\``,
    option.required ? 'required' : `\`${shown(option.default)}\``,
    option.range,
    option.doc,
  ])
  return table(['option', 'default', 'values', 'effect'], [...rows, ...further])
}

function stateKeys({ keys, state, scalars = {}, uncounted }) {
  return (
    keys ?? [
      ...(uncounted ? [] : ['step']),
      ...Object.keys({ ...scalars, ...state }).map((slot) => slot.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ]
  )
}

const plainExample = (name, { sparse }) => `const w = arena.parameter([3], { data: [1, -2, 3] })
const optimizer = new downhill.${name}([w], { lr: 0.1 })
w.grad = ${sparse === 'only' ? '{ indices: [0, 2], values: [0.5, -1] }' : '[0.5, 0.5, -1]'}
optimizer.step()`

function optimizer([name, { declaration }]) {
  const { text, examples } = docOf(name)
  return `## ${name}

${sentence(text)}

${equations(declaration.math)}

${optionTable(declaration.options)}

State, under torch's keys: ${stateKeys(declaration)
    .map((key) => `\`${key}\``)
    .join(', ')}.${declaration.eager ? ' It exists from construction.' : ''}

${declaration.paper}.

${program(examples[0] ?? plainExample(name, declaration))}
`
}

function scheduler([name, { declaration, prototype }]) {
  const { text, examples } = docOf(name)
  const lastEpoch = ['`lastEpoch`', '`-1`', 'an integer in [-1, ∞)', 'epoch to resume from, with the `initialLr` of the groups']
  const resumes = !['ReduceLROnPlateau'].includes(name)
  const parts = [
    `## ${name}`,
    sentence(text),
    declaration && equations([declaration.math]),
    declaration && optionTable(declaration.options, resumes ? [lastEpoch] : []),
    prototype.lrAt && '`lrAt(step)` returns the learning rates of the groups at any step.',
    program(examples[0]),
  ]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}

const classes = Object.entries(downhill).filter(([, value]) => typeof value === 'function')
const optimizers = classes.filter(([, { prototype }]) => prototype instanceof downhill.Optimizer)
const schedulers = classes.filter(([, { prototype }]) => prototype instanceof downhill.LRScheduler)
const elsewhere = new Set([...optimizers, ...schedulers].flatMap(([name]) => [name, `${name}Options`]))

/** Returns a declaration without comments, bodies and private members. */
function signature({ kind, code, members }) {
  if (kind !== 'class' && kind !== 'interface') return code.replace(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*/g, '').replace(/;$/, '')
  const head = code.slice(0, code.indexOf('{')).trim()
  const made = code.match(/^ {4}(constructor\([\s\S]*?\));$/m)?.[1].replace(/\s*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*/g, ' ')
  const bare = members.filter(({ doc }) => !doc?.text).map((member) => member.code)
  const lines = [...(made ? [made] : []), ...bare]
  return lines.length ? `${head} {\n${lines.map((line) => `  ${line}`).join('\n')}\n}` : ''
}

const throwsOf = (doc) => doc.throws.map((text) => `Throws ${sentence(text).replaceAll('\n', ' ')}.`)
const returnsOf = (doc) => doc.returns.map((text) => `Returns ${sentence(text).replaceAll('\n', ' ')}.`)
const paramsOf = (doc) =>
  doc.params.map((text) => `\`${text.split(' ')[0]}\`: ${sentence(text.slice(text.indexOf(' ') + 1)).replaceAll('\n', ' ')}.`)

function reference(symbol) {
  const { name, within, doc, members } = symbol
  const said = members.filter((member) => member.doc?.text)
  const lines = said.map(
    ({ code, doc: own }) =>
      `- \`${code.replace(/\s+/g, ' ')}\`: ${[sentence(own.text).replaceAll('\n', ' '), ...paramsOf(own), ...returnsOf(own), ...throwsOf(own)].join(' ')}`,
  )
  const parts = [
    `### ${within ? `${within}.` : ''}${name}`,
    doc && [sentence(doc.text), ...paramsOf(doc), ...returnsOf(doc), ...throwsOf(doc)].join('\n'),
    signature(symbol) && `\`\`\`ts\n${signature(symbol)}\n\`\`\``,
    lines.join('\n'),
    ...(doc?.examples ?? []).map(program),
  ]
  return parts.filter(Boolean).join('\n\n')
}

const generated = {
  'docs/optimizers.md': `# Optimizers

\`npm run docs\` generates this page from the declarations. \`t\` is a parameter's step count, 1 at its first step. \`maximize\` always negates the
gradient first. Options that select a kernel in torch (\`foreach\`, \`fused\`, \`capturable\`, \`differentiable\`) are accepted and ignored.

${optimizers.map(optimizer).join('\n')}`,
  'docs/schedulers.md': `# Schedulers

\`npm run docs\` generates this page from the declarations. \`e\` is the epoch, or step: the number of calls of \`scheduler.step()\`.
\`γ₀\` is a group's learning rate at the construction of the scheduler. Each matches torch's recursion call by call, also when learning
rates are changed in between; \`lrAt\` exists where there is a closed form.

${schedulers.map(scheduler).join('\n')}`,
  'docs/api.md': `# Reference

\`npm run docs\` generates this page from the docstrings of the public API. [Optimizers](optimizers.md) and [schedulers](schedulers.md) have
separate pages.

${Object.entries(symbols)
  .map(
    ([entry, all]) =>
      `## \`${entry}\`\n\n${all
        .filter(({ name }) => !elsewhere.has(name))
        .map(reference)
        .join('\n\n')}`,
  )
  .join('\n\n')}
`,
  'docs/choosing.md': guide(Object.fromEntries(optimizers.map(([name, { declaration }]) => [name, declaration]))),
  'docs/errors.md': `# Errors

Every error of the package is a \`DownhillError\` with one of these codes, thrown before anything changes. \`npm run docs\` generates this
page from \`host/validation/errors.ts\`.

${table(
  ['code', 'meaning'],
  Object.entries(downhill.errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}
`,
}

let stale = 0
for (const [name, text] of Object.entries(generated)) {
  const file = join(root, name)
  if (process.argv.includes('--check')) {
    if (readFileSync(file, { encoding: 'utf8', flag: 'a+' }) !== text) {
      console.error(`${name} is out of date; run npm run docs`)
      stale++
    }
  } else writeFileSync(file, text)
}
process.exitCode = stale ? 1 : 0
