import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders: string[] = []

/** Mounts an in-memory file system with options of mount(8), and returns its folder. */
export function mounted(options: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'downhill-mount-'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' })
  folders.push(folder)
  if (status !== 0) throw new Error(stderr)
  return folder
}

export function unmountAll(): void {
  for (const folder of folders.splice(0)) {
    spawnSync('umount', [folder])
    rmdirSync(folder)
  }
}

/** Whether this process can mount file systems, which needs root and fails in most containers. */
export const canMount = (() => {
  try {
    mounted('size=4k')
    return true
  } catch {
    return false
  } finally {
    unmountAll()
  }
})()
