import { DownhillError, type ErrorCode } from '../../host/index.ts'

/** Returns the code and message of the DownhillError that a function throws. */
export function thrown(body: () => unknown): { code: ErrorCode; message: string } {
  try {
    body()
  } catch (error) {
    if (error instanceof DownhillError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was thrown')
}
