import type { ScopeRules } from '../../config/index.ts'

/**
 * The scopes that a token carries: `scope` (RFC 7662 §2.2, RFC 9068 §2.2.3), else `scp`, and the configured
 * claim; each as a space-delimited string or as an array, translated by the map, with what they imply.
 */
export function scopesOf(
  claims: Readonly<Record<string, unknown>>,
  rules: ScopeRules = {},
): readonly string[] {
  const words = [...wordsOf(claims.scope ?? claims.scp), ...wordsOfClaim(claims, rules.claim)]
  const scopes = new Set(words.flatMap((word) => own(rules.map, word) ?? [word]))
  // A Set visits what is added while it is walked, so this reaches everything that is implied.
  for (const scope of scopes) {
    for (const narrower of own(rules.implies, scope) ?? []) scopes.add(narrower)
  }
  return [...scopes]
}

/** An e-mail address counts when the issuer has verified it, and its domain with it: `@example.com`. */
function wordsOfClaim(
  claims: Readonly<Record<string, unknown>>,
  claim: string | undefined,
): readonly string[] {
  if (claim === undefined) return []
  const words = wordsOf(claims[claim])
  if (claim !== 'email') return words
  // Google's tokeninfo writes booleans as strings.
  if (claims.email_verified !== true && claims.email_verified !== 'true') return []
  return words.flatMap((address) => [address, address.slice(address.lastIndexOf('@'))])
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
