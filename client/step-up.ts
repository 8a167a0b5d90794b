import type { Authorization } from './auth-provider.ts'
import { parseChallenge } from './challenge.ts'
import { missingScopes, unionOfScopes } from './scopes.ts'
import type { Fetch } from './secure-fetch.ts'

/** How often one request may send the user to the authorization server. */
const maxSignIns = 3

/**
 * Signs in again when a scope is missing (RFC 6750 §3.1 `insufficient_scope`), asking for what was held
 * and what is missing, then repeats the request. A refusal that signing in does not change is passed on.
 */
export function withStepUp(
  fetch: Fetch,
  { tokens, signIn }: Pick<Authorization, 'tokens' | 'signIn'>,
): Fetch {
  return async (url, init) => {
    let response = await fetch(url, init)
    for (let signIns = 0; signIns < maxSignIns; signIns++) {
      if (response.status !== 403) return response
      const challenge = await parseChallenge(response)
      if (challenge?.error !== 'insufficient_scope') return response
      const held = (await tokens())?.scopes ?? []
      const missing = missingScopes(held, challenge.scopes ?? [])
      if (missing.length === 0) return response
      const granted = await signIn({ ...challenge, scopes: unionOfScopes(held, missing) })
      // Asking once more would bring the same: the account may not have it.
      if (missingScopes(held, granted.scopes).length === 0) return response
      await response.body?.cancel()
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${granted.accessToken}`)
      response = await fetch(url, { ...init, headers })
    }
    return response
  }
}
