/** report.html: a self-contained file without scripts or requests. */
import type { Report } from '../compare/report.ts'
import { escapeHtml } from './html.ts'
import { measured } from './measured.ts'
import { lossCurves, metricCurves } from './plots/curves.ts'
import { finals } from './plots/finals.ts'
import { target } from './plots/target.ts'
import { trials } from './plots/trials.ts'
import { lead } from './ranked.ts'
import style from './style.css?inline'
import { comparisons, ranking } from './tables.ts'

/** Letters of a data URL that every browser saves as a file: Chromium stops at 2 MB. */
const LONGEST_ADDRESS = 1_000_000

/** Returns a link that saves the receipt, without a script; nothing if the receipt is too long. */
function download(json: string): string {
  const address = `data:application/json;charset=utf-8,${encodeURI(json).replaceAll('#', '%23')}`
  if (address.length > LONGEST_ADDRESS) return ''
  return `<p><a download="report.json" href="${escapeHtml(address)}">Save the receipt, report.json</a></p>`
}

/** Returns the parts of a report, in order. */
export function sections(report: Report): string[] {
  return [ranking, finals, lossCurves, metricCurves, trials, target, comparisons, measured].map((part) => part(report))
}

export function reportPage(report: Report): string {
  const { problem, runtime, version, command } = report
  const title = escapeHtml(`Which optimizer for ${problem.name}?`)
  const json = JSON.stringify(report)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<header><h1>${title}</h1>
<p class="lead">${escapeHtml(lead(report))}</p></header>
${sections(report).join('\n')}
</main>
<footer>
${download(json)}
<p><code>downhill compare --replay report.json --out DIR</code> measures it again from the receipt.</p>
<p>downhill ${escapeHtml(version)}, ${escapeHtml(runtime)}: <code>${escapeHtml(command)}</code></p>
</footer>
<script type="application/json" id="report">${
    // In a script element only "</" and "<!--" would end or change it.
    json.replaceAll('<', '\\u003c')
  }</script>
</body>
</html>
`
}
