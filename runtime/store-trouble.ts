import { postgresTrouble } from './postgres-trouble.ts'
import { redisTrouble, textsOf } from './redis-trouble.ts'

/** What is wrong with a store, in words where there are some; no URL and no password. */
export function storeTrouble(error: unknown): string {
  const { code, errstr, message } = Object(error) as Record<string, unknown>
  const postgres = postgresTrouble(error)
  if (postgres !== undefined) return postgres
  // SQLite's own words; its code is the same for everything.
  if (typeof errstr === 'string') return errstr
  const [refusal] = textsOf(error).flatMap((text) => redisTrouble(text) ?? [])
  return refusal ?? String(code ?? message)
}
