import { tokenRevocation } from 'openid-client'
import { loadAuthorizationServer } from './authorization-server-metadata.ts'
import { type ClientAuthentication, createConfiguration } from './client-authentication.ts'
import type { ClientRegistrar } from './client-registration.ts'
import { isBareStatus, isOAuthError } from './oauth-error.ts'
import { mayRevokeAt } from './own-endpoints.ts'
import type { Fetch } from './secure-fetch.ts'
import type { TokenStore } from './token-store.ts'
import type { Tokens } from './tokens.ts'

/**
 * How signing out went: `revoked` at the authorization server; only `forgotten` because that offers no
 * revocation, or none to clients without a secret, so that the access token lives until it expires; or there was
 * `nothing` to do.
 */
export type SignOut = 'revoked' | 'forgotten' | 'nothing'

/** What signing out works with. */
export interface SignOutOptions {
  readonly registrar: ClientRegistrar
  readonly store: TokenStore
  readonly fetch: Fetch
}

/**
 * Revokes both tokens at the issuer that gave them (RFC 7009), then forgets them.
 * They are kept when revoking fails, so that it can be tried again.
 * @param tokens whose grant ends; what it has been renewed to meanwhile is what is revoked
 */
export async function signOut(tokens: Tokens | undefined, options: SignOutOptions): Promise<SignOut> {
  let outcome: SignOut = 'nothing'
  if (tokens) {
    await options.store.tokens.update(tokens, async (held) => {
      if (held) outcome = await revoke(held, options)
      return undefined
    })
  }
  return outcome
}

async function revoke(tokens: Tokens, { registrar, fetch }: SignOutOptions): Promise<SignOut> {
  const { issuer, tokenEndpoint, clientId, accessToken, refreshToken } = tokens
  const server = await loadAuthorizationServer(issuer, fetch)
  const { revocation_endpoint: endpoint } = server
  if (endpoint === undefined || !mayRevokeAt(endpoint, issuer, tokenEndpoint)) return 'forgotten'
  const known = await registrar.find({ issuer, server })
  const client: ClientAuthentication = known?.clientId === clientId ? known : { clientId }
  const configuration = createConfiguration(server, client, fetch)
  try {
    if (refreshToken !== undefined) {
      await tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' })
    }
    await tokenRevocation(configuration, accessToken, { token_type_hint: 'access_token' })
    return 'revoked'
  } catch (error) {
    // Trying again would change nothing: there is no secret that could be wrong.
    if (isPublic(client) && refusesClient(error)) return 'forgotten'
    throw error
  }
}

function isPublic({ clientSecret, privateKey }: ClientAuthentication): boolean {
  return clientSecret === undefined && privateKey === undefined
}

function refusesClient(error: unknown): boolean {
  return isOAuthError(error, 'invalid_client') || isBareStatus(error, 401)
}
