import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { failure } from '../../host/io/files.ts'
import { readFile, writeFile } from '../../host/io/fs.ts'
import { canMount, mounted, unmountAll } from './mounted.ts'

const folder = mkdtempSync(join(tmpdir(), 'downhill-fs-'))
const at = (name: string) => join(folder, name)
const text = (path: string) => readFileSync(path, 'utf8')
const bytes = (content: string) => new TextEncoder().encode(content)

async function refused(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  return { code: error?.code, message: error?.message }
}

afterAll(() => {
  unmountAll()
  rmSync(folder, { recursive: true })
})

describe('writeFile', () => {
  it('writes and replaces a file, and leaves no other files', async () => {
    mkdirSync(at('plain'))
    await writeFile(at('plain/a'), bytes('one'))
    await writeFile(at('plain/a'), bytes('two'))
    expect(new TextDecoder().decode(await readFile(at('plain/a')))).toBe('two')
    expect(readdirSync(at('plain'))).toEqual(['a'])
  })

  it('keeps the number of versions it is given, newest first', async () => {
    mkdirSync(at('kept'))
    for (const content of ['1', '2', '3', '4', '5']) await writeFile(at('kept/a'), bytes(content), { keep: 3 })
    expect(readdirSync(at('kept'))).toEqual(['a', 'a.1', 'a.2'])
    expect(['a', 'a.1', 'a.2'].map((name) => text(at(`kept/${name}`)))).toEqual(['5', '4', '3'])
    await writeFile(at('kept/a'), bytes('6'), { keep: 2 })
    expect(['a', 'a.1', 'a.2'].map((name) => text(at(`kept/${name}`)))).toEqual(['6', '5', '3'])
  })

  it('does not mix concurrent writes', async () => {
    mkdirSync(at('many'))
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000))
    await Promise.all(contents.map((content) => writeFile(at('many/a'), bytes(content))))
    expect(contents).toContain(text(at('many/a')))
    expect(readdirSync(at('many'))).toEqual(['a'])
  })

  it('removes the partial files of dead processes and keeps those of live ones', async () => {
    mkdirSync(at('left'))
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    for (const name of [`.a.${pid}-0.part`, `.a.${process.ppid}-0.part`, `.b.${pid}-0.part`]) writeFileSync(at(`left/${name}`), '')
    await writeFile(at('left/a'), bytes('1'))
    expect(readdirSync(at('left')).sort()).toEqual([`.a.${process.ppid}-0.part`, `.b.${pid}-0.part`, 'a'].sort())
  })

  it('writes through a symbolic link', async () => {
    mkdirSync(at('linked'))
    writeFileSync(at('linked/real'), 'old')
    symlinkSync('real', at('linked/link'))
    await writeFile(at('linked/link'), bytes('new'))
    expect([text(at('linked/real')), readdirSync(at('linked'))]).toEqual(['new', ['link', 'real']])
  })

  it.each<[string, string, RegExp]>([
    ['in a missing folder', 'none/a', /none\/a cannot be written and is unchanged: no such file or folder$/],
    ['in place of a folder', 'taken', /taken cannot be written and is unchanged: it is a folder$/],
    ['in a file', 'a-file/a', /part of the path is a file$/],
  ])('throws for a path %s', async (_, name, message) => {
    mkdirSync(at('taken'), { recursive: true })
    writeFileSync(at('a-file'), '')
    expect(await refused(writeFile(at(name), bytes('1')))).toEqual({ code: 'file-failed', message: expect.stringMatching(message) })
    expect(readdirSync(folder).filter((entry) => entry.endsWith('.part'))).toEqual([])
  })

  it('throws for invalid options and contents', async () => {
    const codes = [
      await refused(writeFile(at('x'), bytes('1'), { keep: 0 })),
      await refused(writeFile(at('x'), bytes('1'), { keeep: 2 } as never)),
      await refused(writeFile(at('x'), 'text' as never)),
      await refused(writeFile('', bytes('1'))),
    ].map(({ code }) => code)
    expect(codes).toEqual(['option-range', 'option-unknown', 'option-range', 'option-range'])
    expect(existsSync(at('x'))).toBe(false)
  })
})

describe('readFile', () => {
  it('throws for a missing file', async () => {
    expect(await refused(readFile(at('none')))).toEqual({
      code: 'file-failed',
      message: expect.stringMatching(/none cannot be read: no such file or folder$/),
    })
  })
})

describe('failure', () => {
  it.each([
    [{ code: 'ENOSPC' }, 'x: no space left'],
    [{ code: 'EROFS' }, 'x: the file system is read-only'],
    [{ code: 'EACCES' }, 'x: permission denied'],
    [{ name: 'QuotaExceededError' }, 'x: no space left'],
    [new Error('something new'), 'x: something new'],
  ])('%o', (error, message) => {
    expect(failure('x', error)).toMatchObject({ code: 'file-failed', message, cause: error })
  })
})

// Root can mount file systems that are full or read-only even for root.
describe.each(canMount ? ['a tmpfs'] : [])('on %s', () => {
  it('writeFile on a full device keeps the last good file and leaves no others', async () => {
    const small = mounted('size=128k')
    await writeFile(join(small, 'a'), new Uint8Array(60_000).fill(1), { keep: 2 })
    await writeFile(join(small, 'a'), new Uint8Array(50_000).fill(2), { keep: 2 })
    expect(await refused(writeFile(join(small, 'a'), new Uint8Array(60_000), { keep: 2 }))).toEqual({
      code: 'file-failed',
      message: `${join(small, 'a')} cannot be written and is unchanged: no space left`,
    })
    expect(readdirSync(small)).toEqual(['a', 'a.1'])
    expect([readFileSync(join(small, 'a')), readFileSync(join(small, 'a.1'))]).toEqual([Buffer.alloc(50_000, 2), Buffer.alloc(60_000, 1)])
  })

  it('writeFile on a read-only device throws', async () => {
    const still = mounted('ro')
    expect(await refused(writeFile(join(still, 'a'), bytes('1')))).toEqual({
      code: 'file-failed',
      message: `${join(still, 'a')} cannot be written and is unchanged: the file system is read-only`,
    })
  })
})
