import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Report, Result } from '../../host/compare/report.ts'
import { shownBytes, shownDifference, shownMetric, shownNumber, shownOption, shownSeconds } from '../../host/compare/shown.ts'
import { reportPage } from '../../host/report/page.ts'
import { apart, scaleFor, ticks, worstShown } from '../../host/report/plots/axes.ts'
import { places, secondsToTarget } from '../../host/report/ranked.ts'
import { resultTable } from '../../host/report/terminal.ts'
import { fixtures, hostile, makeReport } from '../report/fixture.ts'

const RECEIPT = /<script type="application\/json" id="report">(.*)<\/script>/s

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<any>((part, key) => part?.[key], value)
}

/** Returns the numbers of a page, with their path in the receipt if they have one. */
function numbers(page: string): { value: string; path: string | undefined }[] {
  return [...page.matchAll(/<data value="([^"]*)"(?: data-path="([^"]*)")?>/g)].map(([, value, path]) => ({ value: value!, path }))
}

/** Returns a receipt with every result changed. */
function changed(report: Report, change: (result: Result, i: number) => Partial<Result>): Report {
  return { ...report, results: report.results.map((result, i) => ({ ...result, ...change(result, i) })) }
}

describe('displayed numbers', () => {
  it('have four digits, with a sign and unit where needed', () => {
    expect([0.97128, 1234567, 1e-12, -0.000031234, 0, 3e-4].map(shownNumber)).toEqual([
      '0.9713',
      '1235000',
      '1e-12',
      '−3.123e-5',
      '0',
      '0.0003',
    ])
    expect([shownMetric('accuracy', 0.97128), shownMetric('R²', -1.5e10), shownMetric('R²', null)]).toEqual(['97.1 %', '−15000000000', '–'])
    expect([shownDifference('accuracy', 0.0123), shownDifference('R²', -0.5)]).toEqual(['+1.23', '−0.5'])
    expect([0, 12, 2048, 3 * 2 ** 20].map(shownBytes)).toEqual(['none', '12 B', '2.0 KB', '3.0 MB'])
    expect([0.0123, 0.5, 12.34, 600].map(shownSeconds)).toEqual(['12 ms', '0.50 s', '12.3 s', '10 min'])
    expect([[0.9, 0.999], true, { a: 1 }, 'x'].map(shownOption)).toEqual(['(0.9, 0.999)', 'true', '{"a":1}', 'x'])
  })
})

describe('places', () => {
  it('are shared by indistinguishable optimizers, and null for failed ones', () => {
    const report = makeReport({ labels: ['A', 'B', 'C', 'D', 'E'], failed: [1] })
    const [a, c, d, e] = ['A', 'C', 'D', 'E']
    const ranking = [[d!, a!], [c!], [e!]]
    const told = places({ ...report, ranking }).map((group) => group.map(({ result, place }) => [result.label, place]))
    expect(told).toEqual([
      [
        ['D', 1],
        ['A', 1],
      ],
      [['C', 3]],
      [['E', 4]],
      [['B', null]],
    ])
  })

  it('convert steps to the target into seconds in proportion', () => {
    const [entry] = places(changed(makeReport({ points: 10 }), () => ({ stepsToTarget: 100, seconds: 2 }))).flat()
    expect(secondsToTarget(entry!)).toBe((2 * 100) / 400)
  })
})

describe('axes', () => {
  it('separate labels in order, with the least movement', () => {
    const wanted = fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { minLength: 1, maxLength: 17 })
    fc.assert(
      fc.property(wanted, (places) => {
        const moved = apart(places, 17, 0, 300)
        const order = places.map((_, i) => i).sort((a, b) => moved[a]! - moved[b]!)
        for (const [k, i] of order.entries()) {
          expect(moved[i]).toBeGreaterThanOrEqual(-1e-9)
          expect(moved[i]).toBeLessThanOrEqual(300 + 1e-9)
          if (k === 0) continue
          expect(moved[i]! - moved[order[k - 1]!]!).toBeGreaterThanOrEqual(17 - 1e-9)
          expect(places[i]).toBeGreaterThanOrEqual(places[order[k - 1]!]!)
        }
      }),
    )
    expect(apart([10, 100, 50], 17, 0, 300)).toEqual([10, 100, 50])
  })

  it('exclude outliers that would compress the rest', () => {
    const near = Array.from({ length: 20 }, (_, i) => 0.9 + i / 1000)
    expect(worstShown([...near, -1e6], 'low', 0.1)).toBeGreaterThan(0.89)
    expect(worstShown(near, 'low', 0.1)).toBe(0.9)
    expect(worstShown([...near, 1e30], 'high', 0.1, true)).toBeLessThan(1)
  })

  it.each([[[1e-12, 3e-12]], [[-1e300, 1e300]], [[5]], [[0]], [[]], [[1e12, 1e12]]])('have ticks for %j', (values) => {
    for (const isLog of values.every((value) => value > 0) ? [false, true] : [false]) {
      const scale = scaleFor(values, [0, 300], { isLog })
      for (const { at: place, text } of ticks(scale, 5)) expect([Number.isFinite(scale(place)), text !== '']).toEqual([true, true])
    }
  })
})

describe.each(Object.entries(fixtures))('report.html: %s', (_, fixture) => {
  const report = fixture()
  const page = reportPage(report)
  const [, receipt] = page.match(RECEIPT)!

  it('contains the receipt and shows its numbers', () => {
    expect(JSON.parse(receipt!)).toEqual(JSON.parse(JSON.stringify(report)))
    const shown = numbers(page)
    for (const { value, path } of shown)
      expect(path ? at(report, path) : Number.isFinite(Number(value)), path).toBe(path ? Number(value) : true)
    const paths = new Set(shown.map(({ path }) => path))
    report.results.forEach((result, i) => {
      for (const key of ['value', 'lr', 'stepsToTarget', 'seconds', 'stateBytes', 'failures'] as const) {
        expect(paths.has(`results.${i}.${key}`), `${key} of ${result.label}`).toBe(result[key] !== null)
      }
      expect(paths.has(`results.${i}.interval.1`)).toBe(result.interval !== null)
      for (const k of result.trials.keys()) expect(paths).toContain(`results.${i}.trials.${k}.lr`)
    })
  })

  it('draws only finite numbers, and every plot has a title and description', () => {
    const drawn = [...page.matchAll(/<svg.*?<\/svg>/gs)].map(([svg]) => svg)
    for (const svg of drawn) {
      expect(svg).not.toMatch(/NaN|Infinity|undefined/)
      expect(svg).toMatch(/role="img" aria-labelledby="\S+ \S+"><title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/)
    }
    expect(page.replace(receipt!, '')).not.toMatch(/undefined|>null<|NaN/)
  })

  it('has ordered headings, unique ids and no external resources', () => {
    expect([...page.matchAll(/<h(\d)/g)].map(([, level]) => level).join('')).toMatch(/^12+$/)
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(page).not.toMatch(/(?:src|href)="(?!data:)/)
    expect(page.match(/<script/g)).toHaveLength(1)
  })
})

describe('report.html', () => {
  it('escapes all text from a receipt', () => {
    const report = {
      ...makeReport({ labels: hostile, name: '<svg onload=x>', metric: '<i>score</i>' }),
      command: 'downhill </code><img src=x>',
      runtime: '<b>',
      version: '"',
    }
    const page = reportPage(report)
    expect(page).not.toMatch(/<(img|i>|b>|svg onload|script>alert)|<!-- /)
    expect(page).toContain('Which optimizer for &lt;svg onload=x&gt;?')
  })

  it('draws extreme, missing and equal numbers', () => {
    const base = makeReport({ metric: 'R²' })
    const strange = [1e-12, -1e300, 1e12, 0, 5e-324]
    const report = changed(base, (result, i) => ({
      value: strange[i]!,
      interval: [strange[i]! - 1, strange[i]! + 1],
      runs: result.runs.map((run, k) => ({
        ...run,
        value: strange[i]!,
        curve: k ? run.curve : [[1, strange[i]!, null as unknown as number]],
      })),
      trials: result.trials.map((trial) => ({ ...trial, value: strange[i]! })),
    }))
    for (const [svg] of reportPage(report).matchAll(/<svg.*?<\/svg>/gs)) expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })

  it('links to a download of the receipt, unless it is too long', () => {
    const report = makeReport({ labels: ['100 % #1 & "ü"'], points: 3 })
    const [, address] = reportPage(report).match(/download="report.json" href="data:application\/json;charset=utf-8,([^"]*)"/)!
    expect(JSON.parse(decodeURIComponent(address!.replaceAll('&amp;', '&').replaceAll('&#39;', "'")))).toEqual(report)
    expect(reportPage(makeReport({ points: 5000 }))).not.toContain('download="report.json"')
  })

  it('describes function problems and custom models', () => {
    const base = makeReport({ metric: '−loss' })
    const problem = { ...base.problem, kind: 'function' as const, rows: 0, features: 2, source: { problem: 'rosenbrock' } }
    expect(reportPage({ ...base, problem })).toContain('a function of <data value="2" data-path="problem.features">2</data> variables')
    const own = reportPage({
      ...base,
      problem: { ...base.problem, source: { model: 'own.mjs' } },
      model: { file: 'own.mjs', sha256: 'abc' },
    })
    expect(own).toContain('−loss on test batches')
    expect(own).toContain('<code>own.mjs</code>')
  })
})

describe('the terminal table', () => {
  it('is at most 100 columns wide, with shared places and a recommendation', () => {
    const text = resultTable(fixtures.digits!())
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
    expect(text).toMatch(/^1 {2}AdamW +97\.8 % +97\.\d to 98\.\d +\S+ +120 steps +18\.8 KB +0\.\d\d s +1$/m)
    expect(
      text
        .match(/^\d {2}/gm)
        ?.join('')
        .replaceAll(' ', ''),
    ).toBe('11344')
    expect(text).toMatch(/^ {2}AdamW +weightDecay \S+, betas \(0\.9, 0\.9+\)$/m)
    expect(text).toContain(
      '\ndigits: 1,797 rows, 64 features, 10 classes\nLinear(64 → 32), ReLU, Linear(32 → 10): 2,410 parameters\n40 epochs per run, 12 trials and 5 runs per optimizer\n\n   optimizer  accuracy  95 % interval       lr    to target    state  per run  failed\n─────────────────────────────────────────────────────────────────────────────────────\n1  AdamW        97.8 %   97.5 to 98.1  0.00173    120 steps  18.8 KB   0.41 s       1\n1  Adam         97.8 %   97.5 to 98.1  0.00173  177.5 steps   9.4 KB   0.52 s       1\n3  SGD          97.4 %   97.1 to 97.7  0.00548            –     none   0.72 s       1\n4  RMSprop      97.4 %   97.1 to 97.7  0.00173    235 steps  18.8 KB   0.63 s       1\n4  Adagrad      96.8 %   96.5 to 97.1   0.0173    350 steps  18.8 KB   0.83 s       1\n\noptions\n  AdamW    weightDecay 0.00669, betas (0.9, 0.999)\n  Adam     betas (0.9, 0.99)\n  SGD      momentum 0\n  RMSprop  alpha 0.99, momentum 0\n  Adagrad  initialAccumulatorValue 0\n\nstatistically indistinguishable: AdamW and Adam\nstatistically indistinguishable: RMSprop and Adagrad\n\nUse AdamW with learning rate 0.00173 and a cosine schedule. It did best on digits, with the least\ndoubt about it.\n',
    )
    expect(text.replaceAll('\n', ' ')).toContain(fixtures.digits!().recommendation!.text)
  })

  it('reports when every optimizer failed, and prints no terminal escape codes', () => {
    expect(resultTable(fixtures['all failed']!())).toContain('Every optimizer failed')
    expect(resultTable(makeReport({ labels: ['\x1b[2J'] }))).not.toContain('\x1b')
  })
})
