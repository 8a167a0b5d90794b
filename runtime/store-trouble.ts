import { redisTrouble, textsOf } from './redis-trouble.ts'

/** SQLSTATE classes that are mistakes of a setting (PostgreSQL, Appendix A). */
const postgresTroubles: Readonly<Record<string, string>> = {
  '28000': 'it does not let this user in',
  '28P01': 'it does not take this user and password',
  '3D000': 'it has no database of that name',
  '42501': 'this user may not make or change the tables',
}

/** What is wrong with a store, in words where there are some; no URL and no password. */
export function storeTrouble(error: unknown): string {
  const { code, errstr, message } = Object(error) as Record<string, unknown>
  if (typeof code === 'string' && postgresTroubles[code]) return `${postgresTroubles[code]}, ${code}`
  // SQLite's own words; its code is the same for everything.
  if (typeof errstr === 'string') return errstr
  const [refusal] = textsOf(error).flatMap((text) => redisTrouble(text) ?? [])
  return refusal ?? String(code ?? message)
}
