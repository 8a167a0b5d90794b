import type { AuthProvider } from '@modelcontextprotocol/client'
import { ResponseBodyError, refreshTokenGrant } from 'openid-client'
import { type Challenge, parseChallenge } from './challenge.ts'
import type { Discovery } from './discovery.ts'
import type { TokenStore } from './token-store.ts'
import { isExpired, parseTokens, type TokenKey, type Tokens } from './tokens.ts'

/** The OAuth half of an MCP session. */
export interface Authorization extends AuthProvider {
  /** The access token to send; undefined when there is none that can be used. */
  token(): Promise<string | undefined>
  /** After a 401: refreshes, or else signs in. Concurrent callers share one attempt. */
  onUnauthorized(context: { readonly response: Response }): Promise<void>
  /** The tokens at hand, expired or not. */
  tokens(): Promise<Tokens | undefined>
  /**
   * Signs the user in, whatever tokens there are.
   * @param challenge why; its scopes are asked for, or without any those that the resource lists
   */
  signIn(challenge?: Challenge): Promise<Tokens>
  /** Uses the refresh token. Undefined when there is none, or the authorization server no longer takes it. */
  refresh(): Promise<Tokens | undefined>
}

/** How the pieces are put together. */
export interface AuthorizationOptions extends Omit<TokenKey, 'issuer'> {
  /** Selects among the tokens kept for several issuers. */
  readonly issuer?: string
  readonly store: TokenStore
  /** @param metadataUrl `resource_metadata` of a challenge */
  readonly discover: (metadataUrl?: string) => Promise<Discovery>
  /** A grant that needs the user. */
  readonly authorize: (discovery: Discovery, scopes: readonly string[]) => Promise<Tokens>
  /** Unix seconds. */
  readonly now: () => number
}

/** Keeps a valid token at hand for the MCP SDK's transport. */
export function createAuthorization({
  resource,
  clientId,
  issuer,
  store,
  discover,
  authorize,
  now,
}: AuthorizationOptions): Authorization {
  const once = shareOneAttempt<Tokens | undefined>()
  const tokens = () => store.find({ resource, clientId, ...(issuer !== undefined && { issuer }) })

  /** Tokens of another issuer than the resource names today stay where they are, and are not sent to this one. */
  async function refreshAt(discovery: Discovery): Promise<Tokens | undefined> {
    const held = await store.find({ resource, clientId, issuer: discovery.issuer })
    if (held?.refreshToken === undefined) return undefined
    try {
      const answer = await refreshTokenGrant(discovery.configuration, held.refreshToken, { resource })
      const renewed = parseTokens(answer, discovery, held, now())
      await store.save(renewed)
      return renewed
    } catch (error) {
      if (!(error instanceof ResponseBodyError) || error.error !== 'invalid_grant') throw error
      await store.forget(held)
      return undefined
    }
  }

  async function signInAt(discovery: Discovery, challenge: Challenge | undefined): Promise<Tokens> {
    const granted = await authorize(discovery, challenge?.scopes ?? discovery.scopesSupported ?? [])
    await store.save(granted)
    return granted
  }

  return {
    tokens,
    async token() {
      const held = await tokens()
      if (!held || !isExpired(held, now())) return held?.accessToken
      // Not every request needs a token. One that does comes back as a 401, which reports what fails here.
      const renewed = await once(async () => await refreshAt(await discover())).catch(() => undefined)
      return renewed?.accessToken
    },
    async onUnauthorized({ response }) {
      const challenge = await parseChallenge(response)
      await once(async () => {
        const discovery = await discover(challenge?.resourceMetadata)
        return (await refreshAt(discovery)) ?? (await signInAt(discovery, challenge))
      })
    },
    signIn: async (challenge) => await signInAt(await discover(challenge?.resourceMetadata), challenge),
    refresh: async () => await once(async () => await refreshAt(await discover())),
  }
}

/** Whoever calls while an attempt is under way gets that attempt's outcome. */
function shareOneAttempt<Result>(): (attempt: () => Promise<Result>) => Promise<Result> {
  let current: Promise<Result> | undefined
  return (attempt) => {
    current ??= attempt().finally(() => {
      current = undefined
    })
    return current
  }
}
