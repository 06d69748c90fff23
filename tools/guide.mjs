/**
 * Generates the guide to choosing: inserts the figures, equations and papers into tools/guide.md. Double braces contain
 *
 *   digits AdamW           mean and its interval in docs/receipts/digits.json
 *   digits AdamW state     a fact from `facts`
 *   digits AdamW > SGD     the difference, with its interval; throws if it is not detected
 *   digits SGD = Adam      the interval of an undetected difference; throws if it is detected
 *   first AdamW            the learned problems in which it shares the first rank
 *   math Adam, paper Adam  of its declaration
 *   overview, rates        tables
 *   trials, seeds          of every receipt
 *
 * so that a sentence that the receipts contradict does not build.
 */
import { readFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)

/** The problems with rows, and the functions. */
const learned = ['digits', 'diabetes', 'verses', 'characters']
export const receiptNames = [...learned, 'quadratic', 'rosenbrock']

export const readReceipts = () =>
  Object.fromEntries(receiptNames.map((name) => [name, JSON.parse(readFileSync(new URL(`docs/receipts/${name}.json`, root), 'utf8'))]))

export const equations = (lines) => `$$\n\\begin{aligned}\n${lines.map((line) => `&${line}`).join('\\\\\n')}\n\\end{aligned}\n$$`

const signed = (text) => text.replace(/^-/, '−')
const number = (value) => signed(String(Number(value.toPrecision(3))))
const isShare = ({ metric }) => metric.name === 'accuracy'
const bare = (receipt, value) => (isShare(receipt) ? (100 * value).toFixed(1) : signed(String(Number(value.toPrecision(4)))))
const difference = (receipt, value) => (isShare(receipt) ? signed((100 * value).toFixed(2)) : number(value))
const listed = (names) => (names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`)
const bytes = (count) => (count === 0 ? 'none' : count < 1024 ? `${count} B` : `${(count / 1024).toFixed(1)} KB`)

function resultOf(receipt, label) {
  const found = receipt.results.find((result) => result.label === label)
  if (!found) throw new Error(`the receipt of ${receipt.problem.name} has no result of ${label}`)
  return found
}

/** Returns the shared rank, from 1; null if it failed. */
function placeOf(receipt, label) {
  if (resultOf(receipt, label).value === null) return null
  const group = receipt.ranking.findIndex((labels) => labels.includes(label))
  return 1 + receipt.ranking.slice(0, group).flat().length
}

const facts = {
  value: (receipt, { value }) => `${bare(receipt, value)}${isShare(receipt) ? ' %' : ''}`,
  lr: (_, { lr }) => number(lr),
  state: (_, { stateBytes }) => bytes(stateBytes),
  failures: (_, { failures, runs, trials }) => `${failures} of ${runs.length + trials.length}`,
  steps: (_, { stepsToTarget }) => stepsToTarget.toLocaleString('en-US'),
  place: (receipt, { label }) => String(placeOf(receipt, label)),
}

function measured(receipt, { value, interval }) {
  if (value === null) throw new Error('the result has no value')
  const [low, high] = interval.map((end) => bare(receipt, end))
  return `${bare(receipt, value)}${isShare(receipt) ? ' %' : ''} (${low} to ${high})`
}

/** Returns a's metric minus b's, and its interval. */
function between(receipt, a, b) {
  const found = receipt.comparisons.find((pair) => [pair.a, pair.b].sort().join() === [a, b].sort().join())
  if (!found) throw new Error(`the receipt has no comparison of ${a} and ${b}`)
  const { difference, interval } = found
  return found.a === a ? { value: difference, interval } : { value: -difference, interval: [-interval[1], -interval[0]] }
}

function compared(receipt, a, sign, b) {
  const { value, interval } = between(receipt, a, b)
  const isAhead = interval[0] > 0
  const isDetected = isAhead || interval[1] < 0
  const [low, high] = interval.map((end) => difference(receipt, end))
  const unit = isShare(receipt) ? ' points' : ''
  if (sign === '>' && isAhead) return `${difference(receipt, value)}${unit} (${low} to ${high})`
  if (sign === '=' && !isDetected) return `(${low} to ${high}${unit})`
  throw new Error(`not true: ${a} ${sign} ${b}: ${value}, ${interval.join(' to ')}`)
}

const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
const labelsOf = (receipts) => receipts.digits.results.map(({ label }) => label).sort((a, b) => a.localeCompare(b))
const link = (label) => `[${label}](#${label.toLowerCase()})`
const heads = receiptNames.map((name) => `[${name}](receipts/${name}.json)`)

function overview(receipts) {
  const cell = (label) => (name) => {
    const result = resultOf(receipts[name], label)
    const place = placeOf(receipts[name], label)
    if (place === null) return `failed ${facts.failures(receipts[name], result)}`
    const value = facts.value(receipts[name], result)
    return place === 1 ? `**${value}**` : `${value}, ${place}th`.replace(/(?<!1)2th/, '2nd').replace(/(?<!1)3th/, '3rd')
  }
  return table(
    ['', ...heads],
    labelsOf(receipts).map((label) => [link(label), ...receiptNames.map(cell(label))]),
  )
}

function rates(receipts, declarations) {
  const rate = (label) => (name) => facts.lr(receipts[name], resultOf(receipts[name], label))
  return table(
    ['', 'torch has', ...receiptNames],
    labelsOf(receipts).map((label) => [link(label), String(declarations[label].options.lr.default), ...receiptNames.map(rate(label))]),
  )
}

/** Returns the value that all receipts share. */
function one(receipts, what) {
  const [value, ...others] = new Set(Object.values(receipts).map(what))
  if (others.length) throw new Error(`the receipts differ: ${[value, ...others].join(' and ')}`)
  return value
}

/** Wraps a paragraph at 140 characters; other blocks stay unchanged. */
function wrapped(paragraph) {
  if (/^(?:[|#$-]|\n)/.test(paragraph)) return paragraph
  const lines = ['']
  for (const word of paragraph.split(/\s+/)) {
    if (lines.at(-1).length + word.length >= 140) lines.push(word)
    else lines[lines.length - 1] += `${lines.at(-1) && ' '}${word}`
  }
  return lines.join('\n')
}

/** Returns the guide. `declarations` are those of the optimizers, by name. */
export function guide(declarations, receipts = readReceipts(), template = readFileSync(new URL('guide.md', import.meta.url), 'utf8')) {
  const fill = (text) => {
    const [what, a, sign, b] = text.split(' ')
    if (what === 'overview') return overview(receipts)
    if (what === 'rates') return rates(receipts, declarations)
    if (what === 'trials') return String(one(receipts, ({ protocol }) => protocol.trials))
    if (what === 'seeds') return String(one(receipts, ({ protocol }) => protocol.seeds.length))
    if (what === 'math') return equations(declarations[a].math)
    if (what === 'paper') return declarations[a].paper
    if (what === 'first') return listed(learned.filter((name) => placeOf(receipts[name], a) === 1)) || 'none'
    const receipt = receipts[what]
    if (!receipt) throw new Error(`unknown receipt: ${what}`)
    if (b) return compared(receipt, a, sign, b)
    return sign ? facts[sign](receipt, resultOf(receipt, a)) : measured(receipt, resultOf(receipt, a))
  }
  const filled = template.trim().replace(/\{\{([a-z]+(?: [^{}]+)?)\}\}/g, (_, text) => {
    try {
      return fill(text)
    } catch (error) {
      throw new Error(`{{${text}}} in tools/guide.md: ${error.message}`)
    }
  })
  return `${filled
    .split(/\n{2,}/)
    .map(wrapped)
    .join('\n\n')}\n`
}
