/**
 * Generates all receipts of the guide's figures or the named ones: `node tools/receipts.mjs [NAME …]`. All take about ten minutes on one
 * core. Run `npm run docs` afterwards.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { optimizerNames } from '../dist/compare.js'
import { receiptNames } from './guide.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
mkdirSync(`${root}docs/receipts`, { recursive: true })
for (const name of process.argv.length > 2 ? process.argv.slice(2) : receiptNames) {
  const out = `build/receipts/${name}`
  const effort = ['--trials', '16', '--seeds', '10', '--workers', '1']
  const options = ['--problem', name, '--optimizers', optimizerNames.join(), ...effort, '--out', out]
  execFileSync(process.execPath, ['dist/cli.js', 'compare', ...options], { cwd: root, stdio: 'inherit' })
  const receipt = JSON.parse(readFileSync(`${root}${out}/report.json`, 'utf8'))
  writeFileSync(`${root}docs/receipts/${name}.json`, `${JSON.stringify(receipt)}\n`)
}
