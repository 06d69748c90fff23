/** Section on how the comparison was made. */
import type { Report } from '../compare/report.ts'
import { shownCount, shownNumber } from '../compare/shown.ts'
import type { Range, Space } from '../compare/spaces.ts'
import { escapeHtml, exact, exactOption, section, table } from './html.ts'
import { wording } from './ranked.ts'

function range(values: Range, path: string): string {
  if ('values' in values) return values.values.map((value, i) => exactOption(value, `${path}.values.${i}`, shownNumber)).join(' or ')
  const [low, high] = values.log
  return `${exact(low, shownNumber(low), `${path}.log.0`)} to ${exact(high, shownNumber(high), `${path}.log.1`)}, log scale`
}

function spaces({ protocol }: Report): string {
  return table<[string, Space]>({
    caption: 'Search spaces',
    columns: [
      { title: 'optimizer', words: true, cell: ([name]) => escapeHtml(name) },
      { title: 'learning rate', words: true, cell: ([name, { lr }]) => range(lr, `protocol.spaces.${name}.lr`) },
      {
        title: 'options',
        words: true,
        cell: ([name, { lr: _, ...own }]) =>
          Object.entries(own)
            .map(([option, values]) => `<span>${escapeHtml(option)} ${range(values, `protocol.spaces.${name}.${option}`)}</span>`)
            .join('; ') || '–',
      },
    ],
    groups: [Object.entries(protocol.spaces)],
  })
}

/** Number of seeds that are listed; of more, the first and the last are. */
const MOST_SEEDS = 12

/** Returns a count at a path of the receipt. */
function count(value: number, path: string): string {
  return exact(value, shownCount(value), path)
}

function data(report: Report): string {
  const { problem } = report
  const name = `<strong>${escapeHtml(problem.name)}</strong>`
  if (problem.kind === 'function') return `${name}: a function of ${count(problem.features, 'problem.features')} variables`
  const { unit } = wording(report)
  const classes = problem.classes === undefined ? '' : `, ${count(problem.classes, 'problem.classes')} classes`
  const features = problem.features ? `, ${count(problem.features, 'problem.features')} features` : ''
  return `${name}: ${count(problem.rows, 'problem.rows')} ${unit}${features}${classes}`
}

function split({ problem }: Report): string {
  const { train, validation, test, seed } = problem.split
  const parts = [
    `${count(train, 'problem.split.train')} for training`,
    `${count(validation, 'problem.split.validation')} for validation, which chose learning rates and options`,
    `${count(test, 'problem.split.test')} for the test, which only measures the result`,
  ]
  return `${parts.join('; ')} (split with seed ${exact(seed, String(seed), 'problem.split.seed')})`
}

function model({ model }: Report): string {
  if ('file' in model) return `<code>${escapeHtml(model.file)}</code>, SHA-256 <code>${escapeHtml(model.sha256)}</code>`
  return `${escapeHtml(model.layers.join(', '))}: ${count(model.parameters, 'model.parameters')} parameters`
}

function training({ problem, protocol }: Report): string {
  const { epochs, steps, batchSize, schedule } = protocol
  const lengths = [
    epochs === undefined ? '' : `${count(epochs, 'protocol.epochs')} ${epochs === 1 ? 'epoch' : 'epochs'}`,
    steps === undefined ? '' : `${count(steps, 'protocol.steps')} steps`,
  ]
  const batches = batchSize && problem.kind !== 'function' ? ` in batches of ${count(batchSize, 'protocol.batchSize')}` : ''
  return `${lengths.filter(Boolean).join(', ')}${batches}; learning rate schedule: ${escapeHtml(schedule)}`
}

function seeds({ protocol }: Report): string {
  const all = protocol.seeds.map((seed, i) => exact(seed, String(seed), `protocol.seeds.${i}`))
  const named = all.length > MOST_SEEDS ? `${all.slice(0, MOST_SEEDS - 2).join(', ')} … ${all.at(-1)}` : all.join(', ')
  const word = all.length === 1 ? 'one run, with seed' : `${shownCount(all.length)} runs, with seeds`
  const base = exact(protocol.baseSeed, String(protocol.baseSeed), 'protocol.baseSeed')
  return `per optimizer ${word} ${named} (base seed ${base}): the same initial weights and batches for all`
}

export function measured(report: Report): string {
  const { problem, protocol } = report
  const tries = `${count(protocol.trials, 'protocol.trials')} of learning rate and options per optimizer, the same number for all`
  const facts: readonly (readonly [string, string])[] = [
    ['Data', data(report)],
    ...(problem.kind === 'function' ? [] : ([['Split', split(report)]] as const)),
    ['Model', model(report)],
    ['Training', training(report)],
    ['Trials', tries],
    ['Runs', seeds(report)],
    ['SHA-256 of the data', `<code>${escapeHtml(problem.sha256)}</code>`],
  ]
  const list = facts.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join('\n')
  return section('Method', '', `<dl>${list}</dl>`, Object.keys(protocol.spaces).length ? spaces(report) : '')
}
