import * as oauth from 'oauth4webapi'
import { isLoopback } from '../../config/index.ts'
import { basicCredentials } from '../../runtime/basic-credentials.ts'
import { createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { statusOfCause } from '../../runtime/status-of-cause.ts'
import type { IssuerMetadata } from './issuer-metadata.ts'
import { type Expectations, judge } from './judge.ts'
import { isSecureUrl } from './secure-url.ts'
import { AuthorityUnavailable, CredentialsRefused, type TokenVerifier, type Verdict } from './verdict.ts'

/** How this server authenticates to the issuer: with a secret (HTTP Basic, form-encoded) or a key (RFC 7523). */
export interface IntrospectionClient {
  readonly id: string
  readonly secret?: string
  /** For private_key_jwt; used instead of a secret. */
  readonly privateKey?: oauth.PrivateKey
}

/** Options of {@link createIntrospectionVerifier}. */
export interface IntrospectionOptions extends Expectations {
  /** The issuer's metadata; asked for with every token, so it should remember. */
  readonly metadata: () => Promise<IssuerMetadata>
  readonly client: IntrospectionClient
  /** Where to ask, when the metadata does not say. */
  readonly endpoint?: string
  /** For each question. Default 1500. */
  readonly timeoutMs?: number
}

const boundedFetch = createBoundedFetch()

/** A verifier that asks the issuer about each token (RFC 7662). Put a cache before it. */
export function createIntrospectionVerifier(options: IntrospectionOptions): TokenVerifier {
  const { issuer, client, endpoint, timeoutMs = 1500 } = options
  const authentication = client.privateKey
    ? oauth.PrivateKeyJwt(client.privateKey)
    : clientSecretBasic(client.secret ?? '')

  async function ask(token: string): Promise<oauth.IntrospectionResponse> {
    // With the endpoint configured nothing else of the metadata is needed.
    const server = endpoint ? { issuer, introspection_endpoint: endpoint } : await options.metadata()
    const response = await oauth.introspectionRequest(
      server,
      { client_id: client.id },
      authentication,
      token,
      {
        additionalParameters: { token_type_hint: 'access_token' },
        signal: AbortSignal.timeout(timeoutMs),
        [oauth.customFetch]: boundedFetch,
        [oauth.allowInsecureRequests]: mayBePlain(server.introspection_endpoint, endpoint, issuer),
      },
    )
    return oauth.processIntrospectionResponse(server, { client_id: client.id }, response)
  }

  return {
    async verify(token): Promise<Verdict> {
      try {
        const answer = await ask(token)
        return answer.active ? judge(token, answer, options) : { refusal: { reason: 'inactive' } }
      } catch (error) {
        // Some servers refuse to introspect a token of a foreign shape with 400 instead of saying that it is inactive.
        if (error instanceof oauth.ResponseBodyError && error.error === 'unsupported_token_type') {
          return { refusal: { reason: 'inactive' } }
        }
        if (error instanceof AuthorityUnavailable) throw error
        throw failure(error, client.id)
      }
    },
  }
}

function clientSecretBasic(secret: string): oauth.ClientAuth {
  return (_, { client_id }, __, headers) => {
    headers.set('authorization', basicCredentials(client_id, secret))
  }
}

/**
 * What goes there are this server's secret and live tokens: plain http is for this machine only, wherever the issuer is.
 * An operator's endpoint here, such as Hydra's admin port, serves http whatever the issuer does.
 * @param asked where the request goes
 * @param configured where the operator sends it
 */
function mayBePlain(asked: unknown, configured: string | undefined, issuer: string): boolean {
  return configured === undefined ? isSecureUrl(asked, issuer) : isLoopback(configured)
}

/** Some servers refuse with a bare 401: no challenge, no JSON. */
function isBare401(error: unknown): boolean {
  return error instanceof oauth.OperationProcessingError && statusOfCause(error) === 401
}

function failure(cause: unknown, clientId: string): AuthorityUnavailable {
  const refused =
    cause instanceof oauth.WWWAuthenticateChallengeError ||
    isBare401(cause) ||
    (cause instanceof oauth.ResponseBodyError && cause.error === 'invalid_client')
  return refused
    ? new CredentialsRefused(
        `The issuer does not accept the credentials of ${clientId}: check RESOURCE_CLIENT_ID and its secret`,
        { cause },
      )
    : new AuthorityUnavailable('The issuer could not introspect the token', { cause })
}
