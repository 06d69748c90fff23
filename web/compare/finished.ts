/** Splits a report into the pieces that the page shows, and the files that it saves. */

import type { Problem } from '../../host/compare/problem.ts'
import { receiptText } from '../../host/compare/receipt.ts'
import type { Report } from '../../host/compare/report.ts'
import { recommendedRun, trainedWeights } from '../../host/compare/run.ts'
import * as safetensors from '../../host/io/safetensors.ts'
import * as torchFile from '../../host/io/torch-file.ts'
import type { Arena } from '../../host/memory/arena.ts'
import { reportPage, sections } from '../../host/report/page.ts'
import { lead } from '../../host/report/ranked.ts'
import type { Finished } from './messages.ts'

export function finished(report: Report): Finished {
  const best = report.recommendation?.optimizer
  return {
    json: receiptText(report),
    html: reportPage(report),
    lead: lead(report),
    sections: sections(report),
    ...(best !== undefined && report.problem.kind !== 'function' && { weightsOf: best }),
  }
}

/** Returns a file with the recommended optimizer's weights, from the end of its first run. */
export function weights(arena: Arena, problem: Problem, report: Report, epochs: number, kind: 'safetensors' | 'pt') {
  const task = recommendedRun(report, epochs)!
  const state = trainedWeights(arena, problem, task)!
  if (kind === 'pt') return torchFile.save(state)
  const about = { problem: problem.facts.name, sha256: problem.facts.sha256, ...task, options: JSON.stringify(task.options) }
  return safetensors.write(state, Object.fromEntries(Object.entries(about).map(([name, value]) => [name, String(value)])))
}
