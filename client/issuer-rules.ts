import { parseScope } from './scopes.ts'

/** Where an authorization server cannot follow MCP's rules. Each deviation is named; none is the default. */
export interface IssuerRules {
  /** The `resource` parameter (RFC 8707) is left out, because this server refuses or misreads it. */
  readonly omitResource?: boolean
  /** What is asked for to get a scope; `{scope}` stands for its name. Default `{scope}`. */
  readonly scopeTemplate?: string
  /** Further parameters of the authorization request. */
  readonly authorizationParameters?: Readonly<Record<string, string>>
  /** Where the browser comes back to. Without a port, any that is free. Default `http://127.0.0.1/callback`. */
  readonly redirectUri?: string
  /** PKCE is used although the metadata does not list S256. */
  readonly allowInsecureUnadvertisedPkce?: boolean
}

const placeholder = '{scope}'

/** `resource`, unless this server is one that must not be sent it. */
export function resourceParameter({
  resourceIndicator,
  rules,
}: {
  readonly resourceIndicator: string
  readonly rules: IssuerRules
}): { resource?: string } {
  return rules.omitResource ? {} : { resource: resourceIndicator }
}

/** `scope` in the server's words, when there is something to ask for. */
export function scopeParameter(
  scopes: readonly string[],
  { scopeTemplate = placeholder }: IssuerRules,
): { scope?: string } {
  const inItsWords = (scope: string) =>
    reservedScopes.includes(scope) ? scope : scopeTemplate.replace(placeholder, scope)
  return scopes.length > 0 ? { scope: scopes.map(inItsWords).join(' ') } : {}
}

/** The scopes of an answer, in the resource's words: a server may answer in either. */
export function parseGrantedScope(
  scope: string,
  { scopeTemplate = placeholder }: IssuerRules,
): readonly string[] {
  const [before = '', after = ''] = scopeTemplate.split(placeholder)
  const isWrapped = (name: string) =>
    name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
  return parseScope(scope).map((name) =>
    isWrapped(name) ? name.slice(before.length, name.length - after.length) : name,
  )
}

/** OpenID Connect's own, which belong to no resource. */
const reservedScopes = ['openid', 'profile', 'email', 'offline_access']
