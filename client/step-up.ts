import type { Authorization } from './auth-provider.ts'
import { parseChallenge } from './challenge.ts'
import { missingScopes, unionOfScopes } from './scopes.ts'
import type { Fetch } from './secure-fetch.ts'

/** How often one request is sent, and the user to the authorization server in between. */
const maxTries = 3

/**
 * Signs in again when a scope is missing (RFC 6750 §3.1 `insufficient_scope`), asking for what was held
 * and what is missing, then repeats the request. A refusal that signing in does not change is passed on.
 * @param fetch must present the token at hand, whatever the request says
 */
export function withStepUp(fetch: Fetch, { tokens, widen }: Pick<Authorization, 'tokens' | 'widen'>): Fetch {
  return async (url, init) => {
    let response = await fetch(url, init)
    for (let tries = 1; tries < maxTries; tries++) {
      if (response.status !== 403) return response
      const challenge = await parseChallenge(response)
      if (challenge?.error !== 'insufficient_scope') return response
      const held = (await tokens())?.scopes ?? []
      const missing = missingScopes(held, challenge.scopes ?? [])
      if (missing.length === 0) return response
      const granted = await widen({ ...challenge, scopes: unionOfScopes(held, missing) }).catch(unlessDenied)
      // Asking once more would bring the same: the account may not have it.
      if (!granted || missingScopes(held, granted.scopes).length === 0) return response
      await response.body?.cancel()
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${granted.accessToken}`)
      response = await fetch(url, { ...init, headers })
    }
    return response
  }
}

/** Some servers refuse the whole request when the account may not have one of its scopes (RFC 6749 §4.1.2.1). */
function unlessDenied(error: unknown): undefined {
  // By openid-client's stable code: its class would be loaded before anybody needs it.
  const { code, error: reason } = error as { readonly code?: unknown; readonly error?: unknown }
  if (code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR' && reason === 'access_denied') return undefined
  throw error
}
