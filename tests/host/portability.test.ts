import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)

function sources(folder: string): { path: string; text: string }[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(new URL(`${folder}/${name}`, root), 'utf8') }))
}

function filesIn(folder: string): string[] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(mjs|ts|js)$/.test(name) && !/(^|\/)(node_modules|\.runtimes)\//.test(name))
    .map((name) => `${folder}/${name}`)
}

/** Removes comments and strings from source code. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:\\.|[^'\\\n])*'/gm, '')
}

const host = sources('host')
const assembly = sources('assembly')

describe('sources', () => {
  it.each(host)("$path does not use the engine's transcendental functions", ({ text }) => {
    const found = code(text).match(/Math\.(pow|exp|expm1|log|log1p|log2|log10|a?sinh?|a?cosh?|a?tanh?|atan2|cbrt|hypot|random)\b/g)
    expect(found).toBeNull()
    // Integer powers of two are exact in every engine.
    const powers = code(text)
      .match(/.*\*\*.*/g)
      ?.filter((line) => !/(\b2|-2) \*\* -?\(?[\w. -]+/.test(line))
    expect(powers ?? []).toEqual([])
  })

  it.each(host.filter(({ path }) => !/^host\/(cli|io\/fs)/.test(path)))('$path does not import Node modules', ({ text }) => {
    expect(text).not.toMatch(/from 'node:/)
    expect(code(text)).not.toMatch(/\bprocess\.|\bBuffer\.(?:from|alloc|concat)|\brequire\(/)
  })

  // A URL's pathname is percent-encoded, and starts with a slash on Windows: a clone in `my clone é` fails.
  it.each(['tools', 'tests', 'bench', 'web', 'examples', 'rollup.config.mjs'])("%s never uses a URL's pathname as a file path", (path) => {
    const files = path.endsWith('.mjs') ? [path] : filesIn(path)
    const wrong = files.filter((file) =>
      /import\.meta\.url[^\n]*\)\s*\.pathname|file:\/\/\$\{/.test(readFileSync(new URL(file, root), 'utf8')),
    )
    expect(wrong.filter((file) => file !== 'tests/host/portability.test.ts')).toEqual([])
  })

  it.each([...host, ...assembly])('$path has at most 300 lines', ({ text }) => {
    expect(text.split('\n').length).toBeLessThanOrEqual(300)
  })
})

/** Rooms of the host, lowest first: each imports only from itself and lower ones, types included. */
const ROOMS = [
  'validation',
  'wasm',
  'numerics',
  'threads',
  'memory',
  'autograd',
  'optimizer',
  'rules',
  'optim',
  'lr_scheduler',
  'nn',
  'training',
  'io',
  'index.ts',
  'printing',
  'tables',
  'compare',
  'conformance',
  'report',
  'cli',
]

const roomOf = (path: string) => path.split('/')[1]!

describe('folders', () => {
  it('contain every file of the host', () => {
    expect([...new Set(host.map(({ path }) => roomOf(path)))].sort()).toEqual([...ROOMS].sort())
  })

  it.each(host)('$path imports only from its own folder or lower ones', ({ path, text }) => {
    const imported = [...text.matchAll(/^(?:import|export) [^;]*? from '(\.[^'?]*)'/gms)].map(([, target]) =>
      posix.join(path, '..', target!),
    )
    const wrong = imported.filter((target) => ROOMS.indexOf(roomOf(target)) > ROOMS.indexOf(roomOf(path)))
    expect(wrong).toEqual([])
  })
})
