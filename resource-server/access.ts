import type { AuthInfo, ScopeChallenge, ScopeChallengeHandler } from '@modelcontextprotocol/server'

/** What a tool, resource or prompt asks of its caller: nothing, any valid token, or scopes. */
export type Access =
  | 'public'
  | {
      /** All of them are needed; none means that any valid token will do. */
      readonly scopes: readonly string[]
      /** What a client without a token should ask for, when `scopes` is empty (RFC 6750 §3). */
      readonly suggestedScope?: string
    }

/**
 * Makes the check that the SDK runs before a handler (`scopeChallenge`).
 * Unlike the SDK's own `requireScopes` it refuses a caller without AuthInfo.
 * @returns undefined for `public`
 */
export function requireAccess(access: Access): ScopeChallengeHandler | undefined {
  if (access === 'public') return undefined
  const { scopes, suggestedScope = 'read' } = access
  const challenge = { scopes: scopes.length > 0 ? scopes : [suggestedScope] } as unknown as ScopeChallenge
  return ({ authInfo }) => (authInfo && hasScopes(authInfo, scopes) ? undefined : challenge)
}

function hasScopes(authInfo: AuthInfo, scopes: readonly string[]): boolean {
  return scopes.every((scope) => authInfo.scopes.includes(scope))
}

/** A way in, as a tool's `_meta.securitySchemes` lists it for hosts that read it. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

/** The `securitySchemes` of an access rule. */
export function securitySchemes(access: Access): readonly SecurityScheme[] {
  return access === 'public' ? [{ type: 'noauth' }] : [{ type: 'oauth2', scopes: access.scopes }]
}
