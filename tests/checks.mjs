import { inspect } from 'node:util'

/**
 * Runs named checks; a check fails if it throws. Checks with missing `needs` are skipped and their needs listed at the end; with CI=true
 * they fail.
 */
export async function runChecks(checks) {
  const counts = { passed: 0, failed: 0 }
  const missing = []
  for (const { name, needs = {}, run } of checks) {
    const lacking = Object.keys(needs).filter((need) => !needs[need])
    if (lacking.length) {
      missing.push(...lacking.filter((need) => !missing.includes(need)))
      if (process.env.CI === 'true') counts.failed++
      continue
    }
    const began = performance.now()
    try {
      const said = await run()
      counts.passed++
      console.log(`passed  ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)${said ? `: ${said}` : ''}`)
    } catch (error) {
      counts.failed++
      console.log(`FAILED  ${name}: ${inspect(error)}`)
    }
  }
  if (missing.length) console.log(`NOT TESTED, missing: ${missing.join(', ')}. tests/runtimes/install installs them.`)
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${missing.length} missing`)
  process.exitCode = counts.failed ? 1 : 0
}
