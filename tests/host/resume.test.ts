import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { checkpoint } from '../../host/io/index.ts'

const program = fileURLToPath(new URL('../runtimes/resume.mjs', import.meta.url))

/** Evaluates an expression to bytes in a new process and returns them. */
function inProcess(expression: string, input = new Uint8Array(0)): Uint8Array<ArrayBuffer> {
  const code = `import { readFileSync, writeSync } from 'node:fs'
    import { advance, begin } from ${JSON.stringify(program)}
    const bytes = ${expression}
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at)`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { input, maxBuffer: 2 ** 26 })
  expect([status, stderr.toString()]).toEqual([0, ''])
  return new Uint8Array(stdout)
}

it('every optimizer and scheduler is bit-identical when saved and loaded in a new process at every 20th of 200 steps', () => {
  const first = inProcess('begin()')
  const names = Object.keys(checkpoint.read(first)).map((name) => name.split(' ')[0])
  expect(new Set(names).size).toBe(15 + 16)
  const whole = inProcess('advance(begin(), 200)')
  let parts = first
  for (let step = 0; step < 200; step += 20) parts = inProcess('advance(readFileSync(0), 20)', parts)
  expect(Buffer.compare(parts, whole)).toBe(0)
  expect(Buffer.compare(first, whole)).not.toBe(0)
})
