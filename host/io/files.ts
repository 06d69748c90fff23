/** What files in a file system and in a browser's have in common. */
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'

/** Options of {@link writeFile}. */
export interface WriteOptions {
  /**
   * How many versions there are afterwards: the file, and those it replaced before as PATH.1, PATH.2 and so on, the newest first. Default 1.
   */
  readonly keep?: number
}

/** The names a file and its older versions have, newest first, from the options of writing one. */
export function versions(path: string, bytes: unknown, options: WriteOptions): string[] {
  checkNames('writeFile', ['keep'], options)
  const { keep = 1 } = options
  check(typeof path === 'string' && path !== '', 'option-range', () => `writeFile takes a path, not ${shown(path)}`)
  check(bytes instanceof Uint8Array, 'option-range', () => `writeFile takes a Uint8Array, not ${shown(bytes)}`)
  checkRange(Number.isSafeInteger(keep) && keep >= 1, 'writeFile', 'keep', 'a whole number from 1 on', keep)
  return Array.from({ length: keep }, (_, age) => (age ? `${path}.${age}` : path))
}

/** What system errors and those of browsers mean. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no room left',
  EDQUOT: 'there is no room left',
  QuotaExceededError: 'there is no room left',
  EROFS: 'it is on a file system that is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  NotAllowedError: 'permission is denied',
  ENOENT: 'there is no such file or folder',
  NotFoundError: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is a file',
  EISDIR: 'it is a folder',
  TypeMismatchError: 'it is a folder',
  InvalidModificationError: 'it is a folder',
}

/** What is thrown when the system refuses. */
export function failure(what: string, error: unknown): DownhillError {
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string }
  const reason = REASONS[typeof code === 'string' ? code : ''] ?? REASONS[name ?? ''] ?? message
  return new DownhillError('file-failed', `${what}: ${reason}`, { cause: error })
}
