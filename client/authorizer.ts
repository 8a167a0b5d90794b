import { getDPoPHandle, refreshTokenGrant, type TokenEndpointResponse } from 'openid-client'
import type { Challenge } from './challenge.ts'
import { createConfiguration } from './client-authentication.ts'
import type { ClientRegistrar, RegisteredClient } from './client-registration.ts'
import type { Discovery } from './discovery.ts'
import { type DpopKey, generateDpopKey, importDpopKey, requireDpopSupport } from './dpop.ts'
import type { Connection, Grant } from './grants/grant.ts'
import { resourceParameter } from './issuer-rules.ts'
import { NoCallback } from './loopback-redirect.ts'
import { isBareStatus, isOAuthError } from './oauth-error.ts'
import { BorrowedEndpoint } from './own-endpoints.ts'
import type { Fetch } from './secure-fetch.ts'
import { parseTokens, type Tokens } from './tokens.ts'

/** Gets tokens from authorization servers. It keeps none. */
export interface Authorizer {
  /** Whether signing in needs a person. */
  readonly interactive: boolean
  /**
   * Gets tokens by the grant. A registration that the server has forgotten is renewed, once.
   * @param challenge its scopes are asked for, or without any those that the resource lists
   * @param held what the new tokens will replace
   */
  signIn(discovery: Discovery, challenge?: Challenge, held?: Tokens): Promise<Tokens>
  /** Uses the refresh token. Undefined when there is none, or the authorization server no longer takes it. */
  refresh(discovery: Discovery, held?: Tokens): Promise<Tokens | undefined>
}

/** What a sign-in that begins is about. */
export interface SignInStart {
  readonly discovery: Discovery
  /** What is asked for. */
  readonly scopes: readonly string[]
  readonly client: RegisteredClient
}

/** What an authorizer works with. */
export interface AuthorizerOptions {
  readonly profile: string
  readonly grant: Grant
  readonly registrar: ClientRegistrar
  /** When tokens are bound to a key (RFC 9449): when the MCP server demands it, or always. */
  readonly dpop: 'when-required' | 'always'
  readonly fetch: Fetch
  /** Told what was found, before the user is asked for anything. */
  readonly onSignIn?: (start: SignInStart) => Promise<void>
  /** Unix seconds. */
  readonly now: () => number
}

/** One identity's way to tokens. */
export function createAuthorizer({
  profile,
  grant,
  registrar,
  dpop,
  fetch,
  onSignIn,
  now,
}: AuthorizerOptions): Authorizer {
  function connectAs(client: RegisteredClient, { server }: Discovery, key: DpopKey | undefined): Connection {
    const configuration = createConfiguration(server, client, fetch)
    return { configuration, options: key ? { DPoP: getDPoPHandle(configuration, key) } : {} }
  }

  function read(
    answer: TokenEndpointResponse,
    { issuer, resource, server }: Discovery,
    request: Pick<Tokens, 'clientId' | 'scopes' | 'refreshToken' | 'dpopKey'>,
  ): Tokens {
    const { token_endpoint: tokenEndpoint } = server
    return parseTokens(answer, { ...request, profile, issuer, resource, tokenEndpoint }, now())
  }

  async function signInOnce(
    discovery: Discovery,
    scopes: readonly string[],
    key: DpopKey | undefined,
    onClient: (client: RegisteredClient) => void,
    isAnew = false,
  ): Promise<Tokens> {
    const kept = await registrar.find(discovery, grant.grantTypes)
    const known = isAnew ? undefined : kept
    let used = known
    const answer = await grant.obtain({
      discovery,
      scopes,
      fetch,
      redirectUri: known?.registration.redirectUri,
      origin: known?.registration.origin ?? 'dynamic',
      listedRedirectUris: known?.listedRedirectUris,
      async connect(redirectUri) {
        if (isAnew && kept) await registrar.forget(kept.registration)
        used = known ?? (await registrar.register(discovery, { redirectUri, grantTypes: grant.grantTypes }))
        onClient(used)
        await onSignIn?.({ discovery, scopes, client: used })
        return connectAs(used, discovery, key)
      },
    })
    return read(answer, discovery, { clientId: used?.clientId ?? '', scopes, dpopKey: key?.jwk })
  }

  async function isDynamic(discovery: Discovery): Promise<boolean> {
    return (await registrar.find(discovery, grant.grantTypes))?.registration.origin === 'dynamic'
  }

  return {
    interactive: grant.interactive,

    async signIn(discovery, challenge, held) {
      const bound =
        dpop === 'always' || discovery.dpopRequired || challenge?.dpopOnly === true || held?.dpopKey
      if (bound) requireDpopSupport(discovery.server)
      const kept = held?.dpopKey
      const key = bound ? await (kept ? importDpopKey(kept) : generateDpopKey()) : undefined
      const scopes = challenge?.scopes ?? discovery.scopesSupported ?? []
      let client: RegisteredClient | undefined
      const attempt = (isAnew = false) => {
        const onClient = (used: RegisteredClient) => {
          client = used
        }
        return signInOnce(discovery, scopes, key, onClient, isAnew)
      }
      try {
        return await attempt()
      } catch (error) {
        // A registration from before there was a redirect URI per issuer: a new one has that, and may go further.
        if (error instanceof BorrowedEndpoint && (await isDynamic(discovery))) return await attempt(true)
        if (client?.registration.origin !== 'dynamic') throw error
        // A server that does not know the client says so to the person in front of the browser, and to nobody else.
        if (error instanceof NoCallback) await registrar.forgetIfUnused(client.registration)
        if (!isOAuthError(error, 'invalid_client')) throw error
        await registrar.forget(client.registration)
        return await attempt()
      }
    },

    async refresh(discovery, held) {
      const client = held?.refreshToken === undefined ? undefined : await registrar.find(discovery)
      if (held?.refreshToken === undefined || client?.clientId !== held.clientId) return undefined
      // Metadata that has changed since must not lead a refresh token to another server.
      const { tokenEndpoint = discovery.server.token_endpoint } = held
      if (tokenEndpoint !== discovery.server.token_endpoint) return undefined
      const key = held.dpopKey && (await importDpopKey(held.dpopKey))
      const { configuration, options } = connectAs(client, discovery, key)
      const resource = resourceParameter(discovery)
      try {
        const answer = await refreshTokenGrant(configuration, held.refreshToken, resource, options)
        return read(answer, discovery, held)
      } catch (error) {
        const ended = discovery.rules.bareRefusals && isBareStatus(error, 400)
        if (ended || isOAuthError(error, 'invalid_grant')) return undefined
        if (client.registration.origin !== 'dynamic' || !isOAuthError(error, 'invalid_client')) throw error
        await registrar.forget(client.registration)
        return undefined
      }
    },
  }
}
