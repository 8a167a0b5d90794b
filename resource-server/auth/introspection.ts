import * as oauth from 'oauth4webapi'
import { createAuthInfo } from './auth-info.ts'
import { fetchIssuerMetadata, type IssuerMetadata, once } from './issuer-metadata.ts'
import { scopesOfToken } from './scopes-of-token.ts'
import { AuthorityUnavailable, type Refusal, type TokenVerifier, type Verdict } from './verdict.ts'

/** Options of {@link createIntrospectionVerifier}. */
export interface IntrospectionOptions {
  readonly issuer: string
  readonly resource: string
  /** A token is for this server when its `aud` has one of these. */
  readonly acceptedAudiences: readonly string[]
  /** With which this server authenticates to the introspection endpoint (HTTP Basic, form-encoded). */
  readonly client: { readonly id: string; readonly secret: string }
  /** For each request to the issuer. Default 1500. */
  readonly timeoutMs?: number
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** A verifier that asks the issuer about each token (RFC 7662). Put a cache before it. */
export function createIntrospectionVerifier(options: IntrospectionOptions): TokenVerifier {
  const { issuer, resource, acceptedAudiences, client, timeoutMs = 1500, now = Date.now } = options
  const metadata = once(() => fetchIssuerMetadata(issuer, timeoutMs))
  const clientAuthentication = oauth.ClientSecretBasic(client.secret)

  async function ask(server: IssuerMetadata, token: string): Promise<oauth.IntrospectionResponse> {
    const response = await oauth.introspectionRequest(
      server,
      { client_id: client.id },
      clientAuthentication,
      token,
      {
        additionalParameters: { token_type_hint: 'access_token' },
        signal: AbortSignal.timeout(timeoutMs),
        [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
      },
    )
    return oauth.processIntrospectionResponse(server, { client_id: client.id }, response)
  }

  return {
    async verify(token): Promise<Verdict> {
      try {
        return judge(token, await ask(await metadata(), token))
      } catch (error) {
        // Some servers refuse to introspect a token of a foreign shape with 400 instead of saying that it is inactive.
        if (error instanceof oauth.ResponseBodyError && error.error === 'unsupported_token_type') {
          return { refusal: { reason: 'inactive' } }
        }
        if (error instanceof AuthorityUnavailable) throw error
        throw new AuthorityUnavailable(describeFailure(error, client.id), { cause: error })
      }
    },
  }

  function judge(token: string, answer: oauth.IntrospectionResponse): Verdict {
    const refusal = refusalOf(answer)
    if (refusal) return { refusal }
    const claims = {
      issuer,
      ...(answer.sub !== undefined && { subject: answer.sub }),
      ...(answer.username !== undefined && { username: answer.username }),
      clientId: answer.client_id ?? '',
      scopes: scopesOfToken(answer),
      expiresAt: answer.exp as number,
    }
    return { authInfo: createAuthInfo(token, claims, resource) }
  }

  function refusalOf(answer: oauth.IntrospectionResponse): Refusal | undefined {
    if (!answer.active) return { reason: 'inactive' }
    if (answer.iss !== undefined && answer.iss !== issuer) return { reason: 'issuer', issuer: answer.iss }
    const audience = [answer.aud ?? []].flat()
    if (!audience.some((value) => acceptedAudiences.includes(value))) return { reason: 'audience', audience }
    if (typeof answer.exp !== 'number') return { reason: 'no_expiry' }
    const nowSeconds = now() / 1000
    if (answer.exp <= nowSeconds) return { reason: 'expired', exp: answer.exp, now: nowSeconds }
    const tokenType = answer.token_type ?? 'Bearer'
    if (tokenType.toLowerCase() !== 'bearer') return { reason: 'token_type', tokenType }
    return undefined
  }
}

function describeFailure(error: unknown, clientId: string): string {
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return `The issuer does not accept this server's credentials (RESOURCE_CLIENT_ID ${clientId}, RESOURCE_CLIENT_SECRET)`
  }
  return 'The issuer could not introspect the token'
}
