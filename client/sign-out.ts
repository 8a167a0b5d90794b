import { tokenRevocation } from 'openid-client'
import type { ClientCredentials } from '../config/index.ts'
import { loadAuthorizationServer } from './authorization-server-metadata.ts'
import type { Fetch } from './secure-fetch.ts'
import type { TokenStore } from './token-store.ts'
import type { Tokens } from './tokens.ts'

/**
 * How signing out went: `revoked` at the authorization server; only `forgotten` because that offers no
 * revocation, so that the access token lives until it expires; or there was `nothing` to do.
 */
export type SignOut = 'revoked' | 'forgotten' | 'nothing'

/**
 * Revokes both tokens at the issuer that gave them (RFC 7009), then forgets them.
 * They are kept when revoking fails, so that it can be tried again.
 */
export async function signOut(
  tokens: Tokens | undefined,
  { client, store, fetch }: { client: ClientCredentials; store: TokenStore; fetch: Fetch },
): Promise<SignOut> {
  if (!tokens) return 'nothing'
  const server = await loadAuthorizationServer(tokens.issuer, client, fetch)
  const canRevoke = server.serverMetadata().revocation_endpoint !== undefined
  if (canRevoke) {
    if (tokens.refreshToken !== undefined) {
      await tokenRevocation(server, tokens.refreshToken, { token_type_hint: 'refresh_token' })
    }
    await tokenRevocation(server, tokens.accessToken, { token_type_hint: 'access_token' })
  }
  await store.forget(tokens)
  return canRevoke ? 'revoked' : 'forgotten'
}
