import type { Scheme } from './authenticate.ts'
import { dpopAlgorithms, type ProofFailure } from './dpop.ts'
import { errorBody } from './json-rpc.ts'
import type { Refusal } from './verdict.ts'
import { wireScopes } from './wire-scopes.ts'

/** Why a request goes no further. */
export type Denial =
  | { readonly kind: 'no_token'; readonly scopes: readonly string[] }
  | { readonly kind: 'malformed_credentials'; readonly detail: string }
  | { readonly kind: 'invalid_token'; readonly refusal: Refusal }
  | { readonly kind: 'dpop_proof'; readonly failure: ProofFailure }
  | {
      readonly kind: 'insufficient_scope'
      readonly needed: readonly string[]
      readonly granted: readonly string[]
    }
  | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number }
  | { readonly kind: 'too_many_streams' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

/** What a challenge says besides the denial itself. */
export interface ChallengeContext {
  readonly scheme: Scheme
  /** Where a client reads how to get a token (RFC 9728 §5.1). */
  readonly resourceMetadataUrl: string
  /** What a client asks the issuer for to get a scope; `{scope}` stands for its name. Default `{scope}`. */
  readonly scopeTemplate?: string | undefined
}

/** A denial in the words of HTTP and OAuth. */
export interface Challenge {
  readonly status: number
  /** OAuth's code, or ours where it has none; for programs. */
  readonly error: string
  /** A sentence for people: several clients print it. */
  readonly message: string
  /** RFC 9110 §11.6.1. Absent where a token would change nothing. */
  readonly wwwAuthenticate?: string
  readonly headers: Readonly<Record<string, string>>
}

/** Seconds after which asking again makes sense when the authorization server did not answer. */
const retryAfterSeconds = 5

/**
 * Turns a denial into a challenge. Nothing else here decides authorization statuses or writes WWW-Authenticate.
 * It follows RFC 6750 §3: no error code when no token was sent, generic codes otherwise.
 */
export function toChallenge(
  denial: Denial,
  { scheme, resourceMetadataUrl, scopeTemplate }: ChallengeContext,
): Challenge {
  const { status, error, message, parameters, headers = {} } = describe(denial, scopeTemplate)
  if (!parameters) return { status, error, message, headers }
  const all = {
    ...parameters,
    ...(scheme === 'DPoP' && { algs: dpopAlgorithms.join(' ') }),
    resource_metadata: resourceMetadataUrl,
  }
  return { status, error, message, headers, wwwAuthenticate: `${scheme} ${serialize(all)}` }
}

/** A challenge as the HTTP answer to a JSON-RPC request. */
export function challengeResponse(challenge: Challenge, id: string | number | null): Response {
  const { status, error, message, wwwAuthenticate, headers } = challenge
  return new Response(errorBody(-32000, message, { id, data: { error } }), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(wwwAuthenticate && { 'www-authenticate': wwwAuthenticate }),
      ...headers,
    },
  })
}

interface Description {
  readonly status: number
  readonly error: string
  readonly message: string
  /** Of WWW-Authenticate; absent where a token would change nothing. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

function describe(denial: Denial, scopeTemplate: string | undefined): Description {
  switch (denial.kind) {
    case 'no_token':
      return {
        status: 401,
        error: 'unauthorized',
        message: 'Sign in first: this needs an access token.',
        parameters:
          denial.scopes.length > 0 ? { scope: wireScopes(denial.scopes, scopeTemplate).join(' ') } : {},
      }
    case 'malformed_credentials':
      return withCode(400, 'invalid_request', denial.detail)
    case 'invalid_token':
      return withCode(
        401,
        'invalid_token',
        'The access token is expired, revoked or not for this server. Sign in again.',
      )
    case 'dpop_proof':
      if (denial.failure.error === 'invalid_dpop_proof') {
        return withCode(
          401,
          'invalid_dpop_proof',
          `The DPoP proof is not accepted: ${denial.failure.detail}.`,
        )
      }
      return {
        ...withCode(401, 'use_dpop_nonce', 'The DPoP proof needs the nonce that comes with this answer.'),
        headers: { 'dpop-nonce': denial.failure.nonce },
      }
    case 'insufficient_scope': {
      const needed = denial.needed.join(' ')
      const message = `This needs the scope ${needed}, which the access token does not have.`
      // Where every sign-in asks for the same, another one brings nothing.
      if (scopeTemplate?.includes('{scope}') === false) return withCode(403, 'insufficient_scope', message)
      // A client that asks only for what the challenge names must not lose what it had.
      const scope = wireScopes([...denial.granted, ...denial.needed], scopeTemplate).join(' ')
      return withCode(403, 'insufficient_scope', message, { scope })
    }
    case 'rate_limited':
      return retryLater(
        429,
        'rate_limited',
        'Too many requests. Try again shortly.',
        denial.retryAfterSeconds,
      )
    case 'too_many_streams':
      return retryLater(429, 'too_many_streams', 'Too many open streams. Close some first.', 60)
    case 'unavailable': {
      const message = 'The access token cannot be checked right now. Try again shortly.'
      return retryLater(503, 'temporarily_unavailable', message, retryAfterSeconds)
    }
  }
}

function withCode(
  status: number,
  error: string,
  message: string,
  more: Record<string, string> = {},
): Description {
  return { status, error, message, parameters: { error, ...more, error_description: quotable(message) } }
}

function retryLater(status: number, error: string, message: string, seconds: number): Description {
  return { status, error, message, headers: { 'retry-after': String(seconds) } }
}

/** RFC 9110 §11.2 auth-params. Values are ours or scope tokens, and hold no quote or backslash. */
function serialize(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')
}

/** RFC 6750 §3 error_description: no quotes, no backslash. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replaceAll('\\', '/')
}
