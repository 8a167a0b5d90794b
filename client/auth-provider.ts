import type { AuthProvider } from '@modelcontextprotocol/client'
import type { Authorizer } from './authorizer.ts'
import { type Challenge, parseChallenge } from './challenge.ts'
import type { Discovery } from './discovery.ts'
import { missingScopes, unionOfScopes } from './scopes.ts'
import type { TokenStore } from './token-store.ts'
import { isExpired, type TokenKey, type Tokens } from './tokens.ts'

/** The OAuth half of an MCP session: what the MCP SDK's transport takes as its `authProvider`. */
export interface Authorization extends AuthProvider {
  /** The access token to send; undefined when there is none that can be used. */
  token(): Promise<string | undefined>
  /** After a 401: refreshes, or else signs in. Concurrent callers, of other processes too, share one attempt. */
  onUnauthorized(context: { readonly response: Response }): Promise<void>
  /** The tokens at hand, expired or not. */
  tokens(): Promise<Tokens | undefined>
  /**
   * Signs the user in, whatever tokens there are.
   * @param challenge why; its scopes are asked for, or without any those that the resource lists
   */
  signIn(challenge?: Challenge): Promise<Tokens>
  /** Signs the user in for more scopes, unless the tokens at hand have them by now. */
  widen(challenge: Challenge & { readonly scopes: readonly string[] }): Promise<Tokens>
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
  /** Asked for when tokens are missing: most commands have some that are good. */
  readonly authorizer: () => Promise<Authorizer>
  /** Unix seconds. */
  readonly now: () => number
}

/** Keeps a valid token at hand for the MCP SDK's transport. */
export function createAuthorization({
  resource,
  profile,
  issuer,
  store,
  discover,
  authorizer,
  now,
}: AuthorizationOptions): Authorization {
  const [renewOnce, signInOnce] = [
    shareOneAttempt<Tokens | undefined>(),
    shareOneAttempt<Tokens | undefined>(),
  ]
  /** The token that a 401 is about. */
  let sent: string | undefined
  const isOurs = (tokens: Tokens) =>
    tokens.resource === resource &&
    tokens.profile === profile &&
    (issuer === undefined || tokens.issuer === issuer)
  const tokens = async () => (await store.tokens.list()).findLast(isOurs)

  /** Tokens of another issuer than the resource names today stay where they are, and are not sent to this one. */
  const changeAt = async (discovery: Discovery, change: (held?: Tokens) => Promise<Tokens | undefined>) =>
    await store.tokens.update({ profile, issuer: discovery.issuer, resource }, change)

  const signInAt = async (discovery: Discovery, challenge?: Challenge, isEnough = (_: Tokens) => false) =>
    required(
      await changeAt(discovery, async (held) =>
        held && isEnough(held) ? held : await (await authorizer()).signIn(discovery, challenge, held),
      ),
    )

  /** Whoever had the lock before may have renewed the tokens already. */
  const renewAt = async (
    discovery: Discovery,
    refused: string | undefined,
    maySignIn: boolean,
    challenge?: Challenge,
  ) =>
    await changeAt(discovery, async (held) => {
      if (held && held.accessToken !== refused && !isExpired(held, now())) return held
      const { refresh, signIn } = await authorizer()
      const renewed = await refresh(discovery, held)
      if (renewed) return renewed
      if (maySignIn) return await signIn(discovery, keepScopes(challenge, held), held)
      return held?.refreshToken === undefined ? held : undefined
    })

  return {
    tokens,
    async token() {
      let held = await tokens()
      if (held && isExpired(held, now())) {
        const refused = held.accessToken
        // Not every request needs a token. One that does comes back as a 401, which reports what fails here.
        held = await renewOnce(
          async () => await renewAt(await discover(), refused, !(await authorizer()).interactive),
        ).catch(() => undefined)
      }
      sent = held && !isExpired(held, now()) ? held.accessToken : undefined
      return sent
    },
    async onUnauthorized({ response }) {
      const refused = sent
      const challenge = await parseChallenge(response)
      await signInOnce(
        async () => await renewAt(await discover(challenge?.resourceMetadata), refused, true, challenge),
      )
    },
    signIn: async (challenge) => await signInAt(await discover(challenge?.resourceMetadata), challenge),
    async widen(challenge) {
      const isEnough = (held: Tokens) =>
        !isExpired(held, now()) && missingScopes(held.scopes, challenge.scopes).length === 0
      return await signInAt(await discover(challenge.resourceMetadata), challenge, isEnough)
    },
    async refresh() {
      const discovery = await discover()
      const before = await tokens()
      const after = await renewAt(discovery, before?.accessToken, false)
      return after?.accessToken === before?.accessToken ? undefined : after
    },
  }
}

/** Whoever signs in again keeps what was granted before. */
function keepScopes(challenge: Challenge | undefined, held: Tokens | undefined): Challenge | undefined {
  if (!held || challenge?.scopes === undefined) return challenge
  return { ...challenge, scopes: unionOfScopes(held.scopes, challenge.scopes) }
}

function required(granted: Tokens | undefined): Tokens {
  if (granted) return granted
  throw new Error('A sign-in came to nothing.')
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
