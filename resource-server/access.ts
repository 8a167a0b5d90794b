import type { AuthInfo, ScopeChallenge, ScopeChallengeHandler } from '@modelcontextprotocol/server'

/** What a tool, resource or prompt asks of its caller: nothing, any valid token, or scopes. */
export type Access =
  | 'public'
  | {
      /** All of them are needed; none means that any valid token will do. */
      readonly scopes: readonly string[]
      /** What a client without a token should ask for, when `scopes` is empty (RFC 6750 §3). Default `read`. */
      readonly suggestedScope?: string
    }

/** A way in, as a tool's `_meta.securitySchemes` lists it for hosts that read it. */
export type SecurityScheme =
  | { readonly type: 'noauth' }
  | { readonly type: 'oauth2'; readonly scopes: readonly string[] }

/** What to spread into the configuration of `registerTool`, `registerResource` or `registerPrompt`. */
export interface Guard {
  readonly scopeChallenge?: ScopeChallengeHandler
  readonly _meta: { readonly securitySchemes: SecurityScheme[] }
}

/**
 * Makes the guard for an access rule: the check that the SDK runs before the handler, and its advertisement.
 * Unlike the SDK's own `requireScopes` the check refuses a caller without AuthInfo.
 */
export function guard(access: Access): Guard {
  if (access === 'public') return { _meta: { securitySchemes: [{ type: 'noauth' }] } }
  const { scopes, suggestedScope = 'read' } = access
  const challenge = { scopes: scopes.length > 0 ? scopes : [suggestedScope] } as unknown as ScopeChallenge
  return {
    scopeChallenge: ({ authInfo }) => (authInfo && hasScopes(authInfo, scopes) ? undefined : challenge),
    _meta: { securitySchemes: [{ type: 'oauth2', scopes }] },
  }
}

/** For everyone, with or without a token. */
export function publicAccess(): Guard {
  return guard('public')
}

/**
 * For every valid token, whatever its scopes.
 * @param suggestedScope what a client without a token should ask for
 */
export function anyToken(suggestedScope: string): Guard {
  return guard({ scopes: [], suggestedScope })
}

/** For tokens that have all of these scopes. */
export function scopes(...needed: readonly [string, ...string[]]): Guard {
  return guard({ scopes: needed })
}

function hasScopes(authInfo: AuthInfo, needed: readonly string[]): boolean {
  return needed.every((scope) => authInfo.scopes.includes(scope))
}
