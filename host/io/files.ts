/** Options and errors that file systems and browsers share. */
import { checkRange, DownhillError } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'

/** Options of {@link writeFile}. */
export interface WriteOptions {
  /**
   * Number of versions to keep: the file, and the ones it replaced as PATH.1, PATH.2 and so on, newest first. Default 1.
   */
  readonly keep?: number
}

/** Checks the options of `writeFile`. Returns the names of the file and its older versions, newest first. */
export function versions(path: string, bytes: unknown, options: WriteOptions): string[] {
  checkNames('writeFile', ['keep'], options)
  const { keep = 1 } = options
  checkRange(typeof path === 'string' && path !== '', 'writeFile', 'path', 'a nonempty string', path)
  checkRange(bytes instanceof Uint8Array, 'writeFile', 'bytes', 'a Uint8Array', bytes)
  checkRange(Number.isSafeInteger(keep) && keep >= 1, 'writeFile', 'keep', 'an integer ≥ 1', keep)
  return Array.from({ length: keep }, (_, age) => (age ? `${path}.${age}` : path))
}

/** Meanings of the error codes of systems and browsers. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left',
  EDQUOT: 'no space left',
  QuotaExceededError: 'no space left',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  NotAllowedError: 'permission denied',
  ENOENT: 'no such file or folder',
  NotFoundError: 'no such file or folder',
  ENOTDIR: 'part of the path is a file',
  EISDIR: 'it is a folder',
  TypeMismatchError: 'it is a folder',
  InvalidModificationError: 'it is a folder',
}

/** Returns the error for a refusal by the system. */
export function failure(what: string, error: unknown): DownhillError {
  const { code, name, message } = error as { code?: unknown; name?: string; message?: string }
  const reason = REASONS[typeof code === 'string' ? code : ''] ?? REASONS[name ?? ''] ?? message
  return new DownhillError('file-failed', `${what}: ${reason}`, { cause: error })
}
