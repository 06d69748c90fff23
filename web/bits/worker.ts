/** Runs the conformance program of tests/runtimes, whose hashes must be equal in every runtime. */
import { hashes } from '../../tests/runtimes/program.mjs'

addEventListener('message', async ({ data }) => {
  try {
    const began = performance.now()
    postMessage({ hashes: await hashes(data), seconds: (performance.now() - began) / 1000 })
  } catch (error) {
    postMessage({ error: String(error) })
  }
})
