/** Runs the conformance program of tests/runtimes, of which every runtime has to come to the same hashes. */
import { hashes } from '../../tests/runtimes/program.mjs'

addEventListener('message', async ({ data }) => {
  try {
    const began = performance.now()
    postMessage({ hashes: await hashes(data), seconds: (performance.now() - began) / 1000 })
  } catch (error) {
    postMessage({ error: String(error) })
  }
})
