/** Kernels that divide a call among the threads of a crew, if it takes long enough. */
import type { Exports } from '../wasm/wasm.ts'
import { Export, type Kernel, partsFor, type Site, workOf } from './export.ts'
import { Tables } from './tables.ts'
import { SIZES } from './ways.ts'

/** Returns the exports with calls divided among the threads. */
export function divided(given: Omit<Site, 'names'>): Exports {
  const site = { ...given, names: Object.keys(given.exports) }
  const { names, team } = site
  const tables = new Tables(site)
  const own = (name: string): Kernel => {
    const one = new Export(site, name)
    const { kernel, base, names: parameters } = one
    if ((SIZES as readonly string[]).includes(base)) return ((...args) => workOf(kernel, ...args) * team.threads) as Kernel
    if (parameters[0] === 'spans') return tables.rule(one)
    if (base === 'stridedCopy') return tables.copy(one)
    if (base === 'gemmEach') return tables.products(one, new Export(site, name.replace('Each', '')))
    const { partsPerThread = 2 } = one.division
    return one.dividing((args, ns) => {
      const count = partsFor(ns, team, partsPerThread)
      const parts = one.parts(args, count)
      if (parts.length < 2) kernel(...args)
      else team.run(parts, one.workBytes(args))
    })
  }
  return Object.fromEntries(names.map((name) => [name, own(name)]))
}
