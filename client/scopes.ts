/** The scopes in a space-delimited `scope` (RFC 6749 §3.3), each once, in their order. */
export function parseScope(scope: string): readonly string[] {
  return [...new Set(scope.split(' ').filter((name) => name !== ''))]
}

/** All of `held`, then what `wanted` adds to it. */
export function unionOfScopes(held: readonly string[], wanted: readonly string[]): readonly string[] {
  return [...new Set([...held, ...wanted])]
}

/** What `wanted` has and `held` lacks. */
export function missingScopes(held: readonly string[], wanted: readonly string[]): readonly string[] {
  return wanted.filter((scope) => !held.includes(scope))
}
