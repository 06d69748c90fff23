/** Errors that begin with the name of what they are about. */
import { DownhillError } from './errors.ts'

/** Returns an error of this package with a name before its sentence; other errors as they are. */
export function prefixed(name: string, error: unknown): unknown {
  return error instanceof DownhillError ? new DownhillError(error.code, `${name}: ${error.message}`) : error
}

/** Runs `body`, and prefixes its errors with a name. */
export async function naming<T>(name: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    throw prefixed(name, error)
  }
}
