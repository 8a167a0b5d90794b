import type { AuthInfo, ScopeChallenge, ScopeChallengeHandler } from '@modelcontextprotocol/server'
import { assertScope } from './auth/scope-token.ts'

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
  readonly scopeChallenge: ScopeChallengeHandler
  readonly _meta: { readonly securitySchemes: SecurityScheme[] }
}

/** Where a check keeps its rule. In the registry of symbols, so that two copies of this module understand each other. */
const rule = Symbol.for('mcp-gatehouse.access')

/**
 * Makes the guard for an access rule: the check that the SDK runs before the handler, and its advertisement.
 * Unlike the SDK's own `requireScopes` the check refuses a caller without AuthInfo.
 * @throws TypeError when a scope is not a scope-token (RFC 6749 §3.3)
 */
export function guard(access: Access): Guard {
  if (access === 'public') {
    return marked(access, () => undefined, { type: 'noauth' })
  }
  const { scopes, suggestedScope = 'read' } = access
  const challenged = scopes.length > 0 ? scopes : [suggestedScope]
  for (const scope of challenged) assertScope(scope)
  const challenge = { scopes: challenged } as unknown as ScopeChallenge
  const check: ScopeChallengeHandler = ({ authInfo }) => (permits(access, authInfo) ? undefined : challenge)
  return marked(access, check, { type: 'oauth2', scopes })
}

function marked(access: Access, check: ScopeChallengeHandler, scheme: SecurityScheme): Guard {
  return {
    scopeChallenge: Object.assign(check, { [rule]: access }),
    _meta: { securitySchemes: [scheme] },
  }
}

/**
 * The rule of something that was registered with a guard; `undefined` when it has no guard of this package, whatever
 * its `_meta` or a check of another origin says.
 */
export function accessOf({ scopeChallenge }: { readonly scopeChallenge?: unknown }): Access | undefined {
  return typeof scopeChallenge === 'function' ? (scopeChallenge as { [rule]?: Access })[rule] : undefined
}

/** True when the rule lets this caller in; `authInfo` is undefined for a caller without a token. */
export function permits(access: Access, authInfo: AuthInfo | undefined): boolean {
  if (access === 'public') return true
  return authInfo !== undefined && access.scopes.every((scope) => authInfo.scopes.includes(scope))
}

/** For all callers, with or without a token. */
export function publicAccess(): Guard {
  return guard('public')
}

/**
 * For every valid token, whatever its scopes.
 * @param suggestedScope what a client without a token should ask for
 * @throws TypeError when it is not a scope-token (RFC 6749 §3.3)
 */
export function anyToken(suggestedScope: string): Guard {
  return guard({ scopes: [], suggestedScope })
}

/**
 * For tokens that have all of these scopes.
 * @throws TypeError when there is none, or when one is not a scope-token (RFC 6749 §3.3)
 */
export function scopes(...needed: readonly [string, ...string[]]): Guard {
  if (needed.length === 0) {
    throw new TypeError("scopes() needs at least one scope. For every valid token write anyToken('…').")
  }
  return guard({ scopes: needed })
}
