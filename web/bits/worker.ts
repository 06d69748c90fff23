/** Runs the conformance program of tests/runtimes, whose hashes must be equal in every runtime. */
import { Arena } from '../../host/index.ts'
import { hashes } from '../../tests/runtimes/program.mjs'

addEventListener('message', async ({ data }) => {
  try {
    // The program creates arenas synchronously too, which needs the compiled module.
    const arena = await Arena.create()
    arena.dispose()
    const began = performance.now()
    postMessage({ hashes: await hashes(data), seconds: (performance.now() - began) / 1000 })
  } catch (error) {
    postMessage({ error: String(error) })
  }
})
