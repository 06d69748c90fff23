import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/README.md',
  'datasets/README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** JavaScript examples in the pages. */
const blocks = pages.flatMap((page) =>
  [...readFileSync(root + page, 'utf8').matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code], i) => ({
    name: `${page} ${i + 1}`,
    code: code!,
  })),
)

const sources = readdirSync(`${root}host`, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.includes('generated'),
)
const IMPORTS =
  "import * as downhill from 'downhill'\nimport * as nn from 'downhill/nn'\nimport * as io from 'downhill/io'\nconst { Arena, Generator } = downhill\n"
const examples = sources.flatMap((name) =>
  [...readFileSync(`${root}host/${name}`, 'utf8').matchAll(/@example\n([\s\S]*?)(?=\n\s*\*\/|\n\s*\* @)/g)].map(([, text], i) => {
    const code = text!.replace(/^\s*\* ?/gm, '')
    const needsArena = !code.includes('const arena')
    return { name: `host/${name} ${i + 1}`, code: `${IMPORTS}${needsArena ? 'const arena = await Arena.create()\n' : ''}${code}` }
  }),
)

/** Turns a trailing comment with a value into a check of that value. */
function withChecks(code: string): string {
  return code.replace(
    /^(?!.*\b(?:const|let)\b)(;?)(\S.*?) \/\/ (\d[\d.]*|\[.*\]|true|false)$/gm,
    (_, start, expression, value) =>
      `${start}{ const got = JSON.stringify(${expression}); if (got !== JSON.stringify(${value})) throw new Error(\`${'${'}got} is not ${value}\`) }`,
  )
}

/** Working directory of the examples, where they write files. */
const folder = `${root}build/examples`

describe('examples', () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    // The model that examples of predictions load.
    const train = ['train', '--problem', 'diabetes', '--epochs', '2', '--save', 'diabetes.checkpoint']
    expect(spawnSync(process.execPath, [`${root}dist/cli.js`, ...train], { cwd: folder }).status).toBe(0)
  })

  it.each([...blocks, ...examples])('$name runs', ({ code }) => {
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', withChecks(code)], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('exist', () => {
    expect(blocks.length).toBeGreaterThan(5)
    expect(examples.length).toBeGreaterThan(2)
  })
})

describe('the documentation', () => {
  it('matches the declarations', () => {
    const { status, stderr } = spawnSync(process.execPath, ['tools/docs.mjs', '--check'], { cwd: root, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('shows a conformance case that passes', () => {
    const [, shown] = readFileSync(`${root}docs/conformance.md`, 'utf8').match(/^```json\n([\s\S]*?)^```/m)!
    const file = `${folder}/case.json`
    writeFileSync(file, shown!)
    const { status, stdout } = spawnSync(process.execPath, [`${root}dist/cli.js`, 'conformance', file], { encoding: 'utf8' })
    expect(stdout).toMatch(/\n2 passed, 0 failed\n$/)
    expect(status).toBe(0)
  })

  it.each(pages)('%s links to existing files', (page) => {
    const links = [...readFileSync(root + page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      ([, link]) => new URL(link!, pathToFileURL(root + page)),
    )
    for (const link of links) expect(() => readFileSync(link), link.href).not.toThrow()
  })
})
