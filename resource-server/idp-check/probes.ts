import * as oauth from 'oauth4webapi'
import type { ClientCredentials } from '../../config/index.ts'
import { createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { statusOfCause } from '../../runtime/status-of-cause.ts'
import type { IssuerMetadata } from '../auth/issuer-documents.ts'
import { isSecureUrl } from '../auth/secure-url.ts'

const boundedFetch = createBoundedFetch()

/** What an authorization server said to a question that it must refuse. */
export interface Answer {
  /** Undefined when the refusal does not tell. */
  readonly yes: boolean | undefined
  /** The error code, or what else it said. */
  readonly said: string
}

/** What an authorization server said to a registration. */
export interface RegistrationAnswer extends Answer {
  /** The id of a client that was made and could not be deleted. */
  readonly leftBehind?: string
}

/**
 * Whether a client is known: it refreshes a token that never was. A known client hears `invalid_grant`, another one
 * `invalid_client` (RFC 6749 §5.2).
 */
export async function isClientKnown(
  metadata: IssuerMetadata,
  { id, secret }: ClientCredentials,
  timeoutMs: number,
): Promise<Answer> {
  const client = { client_id: id }
  try {
    const response = await oauth.refreshTokenGrantRequest(
      metadata,
      client,
      authenticationOf(metadata, secret),
      'gatehouse-idp-check-made-up-token',
      {
        signal: AbortSignal.timeout(timeoutMs),
        [oauth.customFetch]: boundedFetch,
        ...ifSecure(metadata.token_endpoint, metadata),
      },
    )
    await oauth.processRefreshTokenResponse(metadata, client, response)
    return { yes: undefined, said: 'a token for nothing' }
  } catch (error) {
    const said = saidBy(error)
    return { yes: said === 'invalid_grant' ? true : said === 'invalid_client' ? false : undefined, said }
  }
}

function authenticationOf(
  { token_endpoint_auth_methods_supported: methods }: IssuerMetadata,
  secret: string | undefined,
): oauth.ClientAuth {
  if (secret === undefined) return oauth.None()
  const byPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic')
  return byPost ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret)
}

/**
 * Whether programs may register themselves (RFC 7591): asked with a redirect URI that must be refused, since it has a
 * fragment. What is registered nevertheless is deleted again, where that can be done (RFC 7592).
 */
export async function isRegistrationOpen(
  metadata: IssuerMetadata,
  timeoutMs: number,
): Promise<RegistrationAnswer> {
  const request = {
    client_name: 'gatehouse idp check',
    redirect_uris: ['https://gatehouse.invalid/#refused'],
  }
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await oauth.dynamicClientRegistrationRequest(metadata, request, {
      signal,
      [oauth.customFetch]: boundedFetch,
      ...ifSecure(metadata.registration_endpoint, metadata),
    })
    const made = await oauth.processDynamicClientRegistrationResponse(response)
    const isGone = await remove(made, metadata, signal).catch(() => false)
    return { yes: true, said: 'registered', ...(!isGone && { leftBehind: made.client_id }) }
  } catch (error) {
    const said = saidBy(error)
    const refusedUri = ['invalid_redirect_uri', 'invalid_client_metadata'].includes(said)
    const refusedUs = ['401', '403'].includes(statusOf(error)) || said === 'invalid_token'
    return { yes: refusedUs ? false : refusedUri ? true : undefined, said }
  }
}

/** @returns whether it is deleted */
async function remove(
  made: Readonly<Record<string, unknown>>,
  { registration_endpoint: endpoint = '' }: IssuerMetadata,
  signal: AbortSignal,
): Promise<boolean> {
  const { registration_client_uri: uri, registration_access_token: token } = made
  if (typeof uri !== 'string' || typeof token !== 'string') return false
  if (URL.parse(uri)?.origin !== URL.parse(endpoint)?.origin) return false
  const headers = { authorization: `Bearer ${token}` }
  const { ok } = await boundedFetch(uri, { method: 'DELETE', headers, redirect: 'manual', signal })
  return ok
}

/** oauth4webapi asks over https alone; this machine's own issuer may be asked over http. */
function ifSecure(endpoint: unknown, { issuer }: IssuerMetadata) {
  return { [oauth.allowInsecureRequests]: isSecureUrl(endpoint, issuer) }
}

function saidBy(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) return error.error
  if (error instanceof oauth.WWWAuthenticateChallengeError) return 'invalid_client'
  return statusOf(error) || 'no answer'
}

function statusOf(error: unknown): string {
  const { status } = Object(error) as { status?: unknown }
  return String(typeof status === 'number' ? status : (statusOfCause(error) ?? ''))
}
