import { AuthorityUnavailable } from './verdict.ts'

/**
 * Waits for an answer, but not for ever.
 * @throws AuthorityUnavailable when `ms` milliseconds have passed
 */
export async function withDeadline<T>(answer: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new AuthorityUnavailable(`No answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
