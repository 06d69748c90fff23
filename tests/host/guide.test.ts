import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type Comparison,
  compare,
  compareSamples,
  fileOf,
  intervalOf,
  makeProblem,
  optimizerNames,
  type Report,
  rankingOf,
} from '../../host/compare/index.ts'
import { checkSame, differenceOf, parseReceipt } from '../../host/compare/receipt.ts'
import { Adafactor, Arena, LBFGS, Muon } from '../../host/index.ts'
import * as rules from '../../host/rules/index.ts'
// @ts-expect-error: a plain JavaScript tool
import { guide, readReceipts, receiptNames } from '../../tools/guide.mjs'

const at = (path: string) => new URL(`../../${path}`, import.meta.url)
const text = (name: string) => readFileSync(at(`docs/receipts/${name}.json`), 'utf8')
const names: readonly string[] = receiptNames
const receipts: Record<string, Report> = readReceipts()
const optimizers = { ...rules, Adafactor, LBFGS, Muon }
const declarations = Object.fromEntries(
  Object.entries(optimizers).flatMap(([name, value]) => ('declaration' in value ? [[name, value.declaration]] : [])),
)
const committed = readFileSync(at('docs/choosing.md'), 'utf8')

/** Returns a copy of the receipts with one of them changed. */
function changed(name: string, change: (receipt: any) => void): Record<string, Report> {
  const own = structuredClone(receipts)
  change(own[name])
  return own
}

const between = ({ comparisons }: Report, ...labels: [string, string]): Comparison =>
  comparisons.find(({ a, b }) => labels.includes(a) && labels.includes(b))!

describe('the guide', () => {
  it('matches the receipts', () => {
    expect(guide(declarations)).toBe(committed)
  })

  it('has a section for each optimizer, with its equations and its paper', () => {
    const sections = [...committed.matchAll(/^## (\w+)$/gm)].map(([, name]) => name!)
    expect(sections.sort()).toEqual(Object.keys(declarations).sort())
    for (const { paper, math } of Object.values(declarations) as any[]) {
      expect(committed.replaceAll('\n', ' ')).toContain(paper)
      for (const line of math) expect(committed).toContain(line)
    }
  })

  it('throws for claims about differences that the receipts contradict', () => {
    const vanished = changed('characters', (receipt) => {
      ;(between(receipt, 'AdamW', 'SGD') as any).interval = [-0.001, 0.02]
    })
    expect(() => guide(declarations, vanished)).toThrow('{{characters AdamW > SGD}} in tools/guide.md: not true: AdamW > SGD')
    const found = changed('verses', (receipt) => {
      ;(between(receipt, 'Adagrad', 'Adam') as any).interval = [0.001, 0.02]
    })
    expect(() => guide(declarations, found)).toThrow('{{verses Adagrad = Adam}} in tools/guide.md')
    expect(() => guide(declarations, receipts, '{{digits LBFGS}}')).toThrow('the result has no value')
  })

  it('changes when a receipt changes', () => {
    const other = changed('diabetes', (receipt) => {
      receipt.results.find(({ label }: any) => label === 'SGD').value = 0.5499
    })
    expect(guide(declarations, other)).not.toBe(committed)
  })

  it('states learning rates and first places that match the receipts', () => {
    const results = (label: string) => names.map((name) => receipts[name]!.results.find((result) => result.label === label)!)
    expect(results('Adam').every(({ lr }) => lr > 0.001)).toBe(true)
    expect(results('Adam').filter(({ lr }) => lr >= 0.01).length).toBeGreaterThan(names.length / 2)
    expect(results('RMSprop').filter(({ lr }) => lr < 0.01).length).toBeGreaterThan(names.length / 2)
    expect(receipts.diabetes!.ranking[0]).not.toContain('AdamW')
    expect(receipts.quadratic!.results.find(({ label }) => label === 'SGD')!.options).toEqual({ momentum: 0.9 })
    const widths = Object.entries(optimizers).flatMap(([label]) => {
      const rates = results(label).flatMap((result) => result?.lr ?? [])
      return rates.length ? [[label, Math.max(...rates) / Math.min(...rates)] as const] : []
    })
    expect(
      widths
        .sort(([, a], [, b]) => b - a)
        .slice(0, 2)
        .map(([label]) => label)
        .sort(),
    ).toEqual(['ASGD', 'SGD'])
    expect(Math.max(...Object.values(receipts).map(({ model }) => ('parameters' in model ? model.parameters : 0)))).toBeLessThan(50_000)
  })
})

describe.each(names)('the receipt of %s', (name) => {
  const report = receipts[name]!

  it('is small enough to ship, covers all optimizers, and uses the bundled data', async () => {
    expect(statSync(at(`docs/receipts/${name}.json`)).size).toBeLessThan(600_000)
    expect(report.results.map(({ optimizer }) => optimizer).sort()).toEqual([...optimizerNames].sort())
    const asked = parseReceipt(text(name), name)
    expect(asked.report).toEqual(report)
    const file = fileOf(name)
    if (!file) return
    const bytes = readFileSync(at(`datasets/${file}`))
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
    checkSame(asked, digest, file, name)
  })

  it('has means, intervals, comparisons and ranks that follow from its runs', () => {
    const whole = report.results.filter(({ value }) => value !== null)
    for (const { value, interval, runs } of whole) {
      const values = runs.map((run) => run.value!)
      expect(interval).toEqual(intervalOf(values))
      expect(value).toBeCloseTo(values.reduce((sum, x) => sum + x, 0) / values.length, 12)
    }
    const samples = whole.map(({ label, runs }) => ({ label, values: runs.map((run) => run.value!) }))
    // The smallest difference in accuracy is one held-out row.
    const comparisons = compareSamples(samples, report.metric.name === 'accuracy' ? 1 / report.problem.split.test : 0)
    expect(comparisons).toEqual(report.comparisons)
    const failed = report.results.filter(({ value }) => value === null).map(({ label }) => label)
    const labels = whole.map(({ label }) => label)
    expect([...rankingOf(labels, comparisons), ...(failed.length ? [failed] : [])]).toEqual(report.ranking)
  })
})

describe('a replay in one process', () => {
  it.each(['quadratic', 'rosenbrock'])('of %s gives the same numbers', async (name) => {
    const { source, sha256, hidden, settings } = parseReceipt(text(name), name)
    const problem = await makeProblem({ source, name, sha256, hidden }, () => Promise.reject(new Error('there is no file')))
    const outcome = await compare(await Arena.create(), problem, settings)
    const again = { ...outcome, format: 1, problem: { ...outcome.problem, source } }
    expect(differenceOf(again, receipts[name])).toBeUndefined()
  })
})
