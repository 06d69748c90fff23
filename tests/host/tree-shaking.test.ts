import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a bundler makes of a programme. */
async function bundled(code: string): Promise<string> {
  const stdin = { contents: code, resolveDir: root }
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent' })
  return outputFiles[0]!.text
}

/** Words that are in one part only. */
const words = {
  'the zip archives of torch': 'this is no zip archive',
  pickles: 'the pickle in the file is damaged',
  "what torch's files may ask for": 'torch._utils',
  fflate: 'invalid distance',
  safetensors: 'this is no safetensors file',
  checkpoints: 'the checkpoint is damaged',
}

const found = (text: string) => Object.entries(words).flatMap(([part, word]) => (text.includes(word) ? [part] : []))

describe('a bundle', () => {
  it('of an arena and an optimizer has no part of a file reader', async () => {
    expect(found(await bundled("import { AdamW, Arena } from 'downhill'\nconsole.log(AdamW, Arena)"))).toEqual([])
  })

  it.each([
    ['safetensors', ['safetensors']],
    ['checkpoint', ['safetensors', 'checkpoints']],
  ])('of %s has none of torch', async (name, parts) => {
    expect(found(await bundled(`import { ${name} } from 'downhill/io'\nconsole.log(${name}.read)`))).toEqual(parts)
  })

  it('of downhill/fs asks a browser for nothing of Node', async () => {
    const text = await bundled("import { readFile, writeFile } from 'downhill/fs'\nconsole.log(readFile, writeFile)")
    expect(text).toContain('navigator.storage')
    expect(text).not.toMatch(/node:|fs\/promises/)
  })
})
