import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client'
import { refusal } from '../authorization-server-metadata.ts'
import type { Discovery } from '../discovery.ts'
import { resourceParameter } from '../issuer-rules.ts'
import { defaultRedirectUri, openLoopbackRedirect, type PastedCallback } from '../loopback-redirect.ts'
import { requireOwnAuthorizationEndpoint } from '../own-endpoints.ts'
import { chooseRedirectUri, isRedirectUriOf } from '../redirect-uri.ts'
import { type Grant, offlineAccess, scopeParameter, withOfflineAccess } from './grant.ts'

/** What the code flow needs besides the two servers. */
export interface AuthorizationCodeOptions {
  /** Shows the user the authorization URL, and opens it where possible. Must not wait for the user. */
  readonly visit: (url: URL) => Promise<void>
  /**
   * A callback that the user brings by hand, where no browser can reach this machine. Asked once, when the
   * wait begins; rejects, or never settles, when there is none.
   * @param signal aborted when the browser came by itself
   */
  readonly pastedCallback?: PastedCallback
  /** Told of the callback before it is judged: it is untrusted. */
  readonly onCallback?: (callback: URL) => void
  /**
   * Where the browser comes back to, for registrations that are particular about it. Without a port, any
   * that is free. Default `http://127.0.0.1/callback`.
   */
  readonly redirectUri?: string
  /** Ends the wait for the browser. */
  readonly signal?: AbortSignal
  /** How long the user may take, in milliseconds. Default 5 minutes. */
  readonly timeoutMs?: number
}

/**
 * The authorization code flow for native apps (RFC 8252) with PKCE (RFC 7636), `state`, the issuer checked
 * (RFC 9207) and the resource named on both requests (RFC 8707).
 */
export function authorizationCode({
  visit,
  pastedCallback,
  onCallback,
  redirectUri,
  signal,
  timeoutMs,
}: AuthorizationCodeOptions): Grant {
  return {
    interactive: true,
    grantTypes: ['authorization_code', 'refresh_token'],
    async obtain({ discovery, scopes, connect, fetch, origin, redirectUri: registered, listedRedirectUris }) {
      requireCodeFlow(discovery)
      const { issuer, rules } = discovery
      const wanted = redirectUri ?? rules.redirectUri ?? defaultRedirectUri
      const isListed = (uri: string) => isRedirectUriOf(issuer, wanted, uri)
      const promisesIss = discovery.server.authorization_response_iss_parameter_supported === true
      const document = promisesIss ? [] : ((await listedRedirectUris?.()) ?? [])
      const listed = registered ?? document.find(isListed)
      const isNew = origin === 'dynamic' && registered === undefined
      const uri = chooseRedirectUri({ issuer, wanted, registered: listed, isNew })
      const hasOwnRedirectUri = isRedirectUriOf(issuer, wanted, uri)
      await requireOwnAuthorizationEndpoint(discovery, { hasOwnRedirectUri, fetch })
      const resource = resourceParameter(discovery)
      const scopesToAsk = withOfflineAccess(scopes, discovery.server)
      const pkceCodeVerifier = randomPKCECodeVerifier()
      const state = randomState()
      const redirect = await openLoopbackRedirect({
        uri,
        state,
        portIsFixed: (URL.parse(wanted)?.port ?? '') !== '',
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(pastedCallback && { pastedCallback }),
      })
      try {
        const { configuration, options } = await connect(redirect.uri)
        const pushed = discovery.server.require_pushed_authorization_requests === true
        const build = pushed ? buildAuthorizationUrlWithPAR : buildAuthorizationUrl
        const url = await build(configuration, {
          ...promptFor(scopesToAsk, discovery),
          ...discovery.rules.authorizationParameters,
          client_id: configuration.clientMetadata().client_id,
          response_type: 'code',
          redirect_uri: redirect.uri,
          ...resource,
          state,
          code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: 'S256',
          ...scopeParameter(scopesToAsk),
        })
        const checks = { pkceCodeVerifier, expectedState: state }
        const answer = redirect.receive(async (callback) => {
          onCallback?.(callback)
          // openid-client takes an empty one for none.
          if (callback.searchParams.get('iss') === '') throw refusal(issuer, 'answered with an empty `iss`')
          return await authorizationCodeGrant(configuration, callback, checks, resource, options)
        })
        const [tokens] = await Promise.all([answer, visit(url)])
        return tokens
      } finally {
        await redirect.close()
      }
    },
  }
}

/** What the code flow cannot do without. */
function requireCodeFlow({ server, issuer, rules }: Discovery): void {
  const methods = server.code_challenge_methods_supported
  const assumed = methods === undefined && rules.allowInsecureUnadvertisedPkce === true
  if (!methods?.includes('S256') && !assumed) {
    throw refusal(issuer, 'does not offer PKCE with S256 (RFC 7636), which MCP requires')
  }
  const { authorization_endpoint: endpoint } = server
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
    throw refusal(issuer, 'has no authorization endpoint')
  }
}

/** OpenID Connect Core §11 wants consent asked for with `offline_access`. Rules for this server may say otherwise. */
function promptFor(scopes: readonly string[], { server }: Discovery): { prompt?: string } {
  const prompts = server.prompt_values_supported
  const isOffered = !Array.isArray(prompts) || prompts.includes('consent')
  return scopes.includes(offlineAccess) && isOffered ? { prompt: 'consent' } : {}
}
