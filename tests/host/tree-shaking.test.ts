import { fileURLToPath } from 'node:url'
import resolve from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Returns a program bundled by esbuild. */
async function bundled(code: string): Promise<string> {
  const stdin = { contents: code, resolveDir: root }
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'silent' })
  return outputFiles[0]!.text
}

/** Returns a program bundled by Rollup. */
async function rolledUp(code: string): Promise<string> {
  const entry = {
    name: 'entry',
    resolveId: (id: string) => (id === 'entry' ? `${root}/entry.js` : null),
    load: (id: string) => (id.endsWith('/entry.js') ? code : null),
  }
  const bundle = await rollup({ input: 'entry', plugins: [entry, resolve({ browser: true })] })
  const { output } = await bundle.generate({ inlineDynamicImports: true })
  return output[0].code
}

/** Strings that occur in only one part of the package. */
const words = {
  'zip archives': 'this is not a zip archive',
  pickles: 'the pickle in the file is damaged',
  'torch globals': 'torch._utils',
  fflate: 'invalid distance',
  safetensors: 'this is not a safetensors file',
  "NumPy's arrays": 'this is not an .npy file',
  checkpoints: 'the checkpoint is damaged',
}

const found = (text: string) => Object.entries(words).flatMap(([part, word]) => (text.includes(word) ? [part] : []))

describe('a bundle', () => {
  it('with an arena and an optimizer has no file readers', async () => {
    expect(found(await bundled("import { AdamW, Arena } from 'downhill'\nconsole.log(AdamW, Arena)"))).toEqual([])
  })

  it('with all of downhill/io has every part', async () => {
    expect(found(await bundled("export * from 'downhill/io'"))).toEqual(Object.keys(words))
  })

  it.each([
    ['safetensors', ['safetensors']],
    ['npy', ["NumPy's arrays"]],
    ['npz', ['zip archives', 'fflate', "NumPy's arrays"]],
    ['checkpoint', ['safetensors', 'checkpoints']],
  ])('with %s has no torch reader', async (name, parts) => {
    expect(found(await bundled(`import { ${name} } from 'downhill/io'\nconsole.log(${name}.read)`))).toEqual(parts)
  })

  it('of safetensors.read has nothing of shards and open files', async () => {
    const text = await rolledUp("import { safetensors } from 'downhill/io'\nconsole.log(safetensors.read)")
    expect(found(text)).toEqual(['safetensors'])
    expect(text).not.toMatch(/SafeTensorsFile|weight_map|safetensors\.write/)
  })

  it('with one function of nn has no other function', async () => {
    const uses = [
      "import * as nn from 'downhill/nn'\nconsole.log(nn.functional.crossEntropy)",
      "import { functional } from 'downhill/nn'\nconsole.log(functional.crossEntropy)",
    ]
    const direct = "import * as F from 'downhill/nn/functional'\nconsole.log(F.crossEntropy)"
    // esbuild keeps every function of a namespace that another module re-exports, so for esbuild only the direct import is tested.
    const texts = await Promise.all([bundled(direct), ...[direct, ...uses].map(rolledUp)])
    for (const text of texts) {
      expect(text).toContain('crossEntropy')
      expect(text).not.toMatch(/scaledDotProductAttention|maxPool2d|batchNorm|huberLoss/)
    }
  })

  it('with downhill/fs does not import Node modules in a browser', async () => {
    const text = await bundled("import { readFile, writeFile } from 'downhill/fs'\nconsole.log(readFile, writeFile)")
    expect(text).toContain('navigator.storage')
    expect(text).not.toMatch(/node:|fs\/promises/)
  })
})
