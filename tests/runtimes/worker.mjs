/** Runs the conformance program in workerd, with the project's files as modules. Answers a request with the result. */
import csv from './digits.csv'
import given from './given.json'
import { runCase } from './node_modules/downhill/dist/conformance.js'
import module from './node_modules/downhill/dist/downhill.wasm'
import { conformance } from './program.mjs'

export default {
  fetch: async () => {
    try {
      return Response.json(await conformance({ csv, given: JSON.parse(given), module, runCase }))
    } catch (error) {
      return Response.json({ error: error.stack })
    }
  },
}
