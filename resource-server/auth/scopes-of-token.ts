/**
 * The scopes that a token carries: `scope` (RFC 7662 §2.2, RFC 9068 §2.2.3), else `scp`, each as a
 * space-delimited string or as an array.
 */
export function scopesOfToken(claims: Readonly<Record<string, unknown>>): readonly string[] {
  const value = claims.scope ?? claims.scp
  if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '')
  if (Array.isArray(value)) return value.filter((scope) => typeof scope === 'string')
  return []
}
