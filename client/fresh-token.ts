import type { Authorization } from './auth-provider.ts'
import type { Fetch } from './secure-fetch.ts'

/**
 * Sends a refused request again when somebody else has renewed the token since: a parallel request, or another
 * process. Otherwise each of them would use the refresh token once more.
 * @param fetch must present the token that the request says
 */
export function withFreshToken(fetch: Fetch, { token }: Pick<Authorization, 'token'>): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    const sent = new Headers(init?.headers).get('authorization')
    if (response.status !== 401 || sent === null) return response
    const held = await token()
    if (held === undefined || sent === `Bearer ${held}`) return response
    await response.body?.cancel()
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${held}`)
    return await fetch(url, { ...init, headers })
  }
}
