/**
 * The issuer's words for scopes of ours, each once: what a client asks for to get them (RFC 6749 §3.3).
 * @param scopeTemplate `{scope}` stands for a scope's name. Without it, as for issuers that have no scopes of ours,
 * the template's own words are what is asked for
 */
export function wireScopes(scopes: readonly string[], scopeTemplate = '{scope}'): readonly string[] {
  return [...new Set(scopes.flatMap((scope) => scopeTemplate.replaceAll('{scope}', scope).split(' ')))]
}
