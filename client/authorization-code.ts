import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
  randomState,
  type ServerMetadata,
} from 'openid-client'
import type { Discovery } from './discovery.ts'
import { openLoopbackRedirect } from './loopback-redirect.ts'
import { unionOfScopes } from './scopes.ts'
import { parseTokens, type Tokens } from './tokens.ts'

/** What the code flow needs besides the two servers. */
export interface AuthorizationCodeOptions {
  /** Shows the user the authorization URL, and opens it where possible. Must not wait for the user. */
  readonly visit: (url: URL) => Promise<void>
  /** Unix seconds. */
  readonly now: () => number
  /** Ends the wait for the browser. */
  readonly signal?: AbortSignal
  /** How long the user may take, in milliseconds. Default 5 minutes. */
  readonly timeoutMs?: number
}

/**
 * Signs the user in: the authorization code flow for native apps (RFC 8252) with PKCE (RFC 7636),
 * `state`, the issuer checked (RFC 9207) and the resource named on both requests (RFC 8707).
 * @param scopes what to ask for; none means what the authorization server gives by default
 * @throws what openid-client throws, and ClientFailure when no answer comes
 */
export async function signInWithCode(
  discovery: Discovery,
  scopes: readonly string[],
  { visit, now, signal, timeoutMs }: AuthorizationCodeOptions,
): Promise<Tokens> {
  const { configuration, resource } = discovery
  const pkceCodeVerifier = randomPKCECodeVerifier()
  const state = randomState()
  const redirect = await openLoopbackRedirect({
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  try {
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirect.uri,
      resource,
      state,
      code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...scopeAndPrompt(scopes, configuration.serverMetadata()),
    })
    const answer = redirect.receive((callback) =>
      authorizationCodeGrant(
        configuration,
        callback,
        { pkceCodeVerifier, expectedState: state },
        { resource },
      ),
    )
    const [tokens] = await Promise.all([answer, visit(url)])
    return parseTokens(tokens, discovery, { scopes }, now())
  } finally {
    await redirect.close()
  }
}

/** A refresh token is asked for only where the server offers one that way (OpenID Connect Core §11). */
function scopeAndPrompt(scopes: readonly string[], server: ServerMetadata): Record<string, string> {
  const offline = server.scopes_supported?.includes('offline_access') ?? false
  const wanted = offline ? unionOfScopes(scopes, ['offline_access']) : scopes
  const prompts = server.prompt_values_supported
  return {
    ...(wanted.length > 0 && { scope: wanted.join(' ') }),
    ...(wanted.includes('offline_access') &&
      (!Array.isArray(prompts) || prompts.includes('consent')) && { prompt: 'consent' }),
  }
}
