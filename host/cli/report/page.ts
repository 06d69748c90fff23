/** report.html: one file that holds everything it shows. */
import plotStyle from 'uplot/dist/uPlot.min.css?inline'
import type { Report, Result } from '../../compare/report.ts'
import client from './client.ts?inline'
import style from './style.css?inline'
import { lead, shownBytes, shownMetric, spread } from './terminal.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

function row({ metric }: Report, result: Result): string {
  const { label, optimizer, value, lr, stepsToTarget, stateBytes, seconds, failures } = result
  const cells = [
    shownMetric(metric.name, value),
    spread(metric.name, result),
    lr,
    stepsToTarget ?? '–',
    shownBytes(stateBytes),
    `${seconds.toFixed(2)} s`,
    failures,
  ]
  const name = label === optimizer ? escapeHtml(label) : `${escapeHtml(label)} <small>${escapeHtml(optimizer)}</small>`
  return `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
}

function facts({ problem, model, protocol }: Report): string {
  const split = `${problem.split.train} for training, ${problem.split.validation} to choose the learning rate, ${problem.split.test} for the result`
  const entries: readonly [string, string][] = [
    [
      'Data',
      `${problem.name}: ${problem.rows} rows, ${problem.features} features${problem.classes ? `, ${problem.classes} classes` : ''}; ${split}`,
    ],
    ['Model', `${model.layers.join(', ')}: ${model.parameters} parameters`],
    ['Training', `${protocol.epochs} epochs in batches of ${protocol.batchSize}, learning rate ${protocol.schedule}`],
    [
      'Search',
      `${protocol.trials} learning rates for each optimizer, each with the seeds ${protocol.seeds.join(', ')}: the same initial weights and batches for all`,
    ],
  ]
  return entries.map(([term, text]) => `<dt>${term}</dt><dd>${escapeHtml(text)}</dd>`).join('')
}

export function reportPage(report: Report): string {
  const { metric, problem, results, runtime, version } = report
  const heads = [
    `${metric.name}, test rows`,
    'lowest … highest',
    'learning rate',
    'steps to 98 % of the best',
    'state',
    'a run',
    'failed runs',
  ]
  // In a script element only "</" and "<!--" would end or change it.
  const data = JSON.stringify(report).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(problem.name)}: which optimizer?</title>
<style>${plotStyle}${style}</style>
</head>
<body>
<main>
<h1>Which optimizer for ${escapeHtml(problem.name)}?</h1>
<p class="lead">${escapeHtml(lead(report))}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Results"><table class="results">
<thead><tr><th scope="col">optimizer</th>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join('')}</tr></thead>
<tbody>${results.map((result) => row(report, result)).join('')}</tbody>
</table></div>
<section><h2>Training loss</h2><p>Mean over the seeds, at each optimizer’s best learning rate; log scale.</p><div class="plot" id="loss"></div></section>
<section><h2>${escapeHtml(capitalized(metric.name))} on validation rows</h2><p>Mean over the seeds, at each optimizer’s best learning rate.</p><div class="plot" id="held"></div></section>
<section><h2>How it was measured</h2><dl>${facts(report)}</dl></section>
<footer>downhill ${escapeHtml(version)}, ${escapeHtml(runtime)}</footer>
</main>
<script type="application/json" id="report">${data}</script>
<script>${client.replaceAll('</script', '<\\/script')}</script>
</body>
</html>
`
}

function capitalized(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}
