import type { ScopeRules } from '../../config/index.ts'

/**
 * The scopes that a token carries: `scope` (RFC 7662 §2.2, RFC 9068 §2.2.3), else `scp`, and the configured
 * claim; each as a space-delimited string or as an array, translated by the map, with what they imply.
 */
export function scopesOf(
  claims: Readonly<Record<string, unknown>>,
  rules: ScopeRules = {},
): readonly string[] {
  const words = wordsOf(claims.scope ?? claims.scp)
  const granted = [
    ...words.flatMap((word) => own(rules.map, word) ?? [word]),
    ...scopesOfClaim(claims, rules),
  ]
  const scopes = new Set(granted)
  // A Set visits what is added while it is walked, so this reaches everything that is implied.
  for (const scope of scopes) {
    for (const narrower of own(rules.implies, scope) ?? []) scopes.add(narrower)
  }
  return [...scopes]
}

function scopesOfClaim(
  claims: Readonly<Record<string, unknown>>,
  { claim, map }: ScopeRules,
): readonly string[] {
  if (claim === undefined) return []
  // An e-mail address is chosen by its owner, so it is never itself a scope: only the map makes scopes of it.
  if (claim === 'email') return wordsOfEmail(claims).flatMap((word) => own(map, word) ?? [])
  return wordsOf(claims[claim]).flatMap((word) => own(map, word) ?? [word])
}

/** An address counts when the issuer has verified it, and its domain with it: `@example.com`. */
function wordsOfEmail({ email, email_verified }: Readonly<Record<string, unknown>>): readonly string[] {
  // Google's tokeninfo writes booleans as strings.
  if (email_verified !== true && email_verified !== 'true') return []
  // A quoted local part (RFC 5321 §4.1.2) may hold blanks and whole addresses.
  if (typeof email !== 'string' || /[\s"]/.test(email)) return []
  return [email, email.slice(email.lastIndexOf('@'))]
}

function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  if (Array.isArray(value)) return value.filter((word) => typeof word === 'string')
  return []
}

/** A token's words come from outside: `constructor` is none of the map's keys. */
function own(
  map: Readonly<Record<string, readonly string[]>> = {},
  key: string,
): readonly string[] | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}
