/** The characters of a scope-token (RFC 6749 §3.3): printable ASCII without space, `"` and `\`. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * @throws TypeError when the value is not one scope: a list in one string, an empty string, or no string at all would
 *   be compared with scopes that no token can have
 */
export function assertScope(value: unknown): void {
  if (typeof value === 'string' && scopeToken.test(value)) return
  const hint = typeof value === 'string' && /\s/.test(value.trim()) ? ' Name each scope by itself.' : ''
  throw new TypeError(
    `${JSON.stringify(value)} is not a scope: printable ASCII without space, " and \\ (RFC 6749 §3.3).${hint}`,
  )
}
