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
  | RequestRefusal
  | { readonly kind: 'unavailable'; readonly cause: unknown }

/** A request that is refused for what it is, for every caller. */
export type RequestRefusal =
  | { readonly kind: 'method_not_allowed' | 'not_found' | 'foreign_host' | 'foreign_origin' | 'encoded_body' }
  | {
      readonly kind: 'body_too_large'
      readonly maxBytes: number
      readonly anonymous: boolean
      /** True when the same body would be read with a verified token. */
      readonly tokenHelps: boolean
    }
  /** Too deep, or too many keys or elements. `bound` says how many there may be. */
  | { readonly kind: 'too_complex'; readonly bound: string; readonly anonymous: boolean }
  | { readonly kind: 'body_too_slow'; readonly seconds: number }
  | { readonly kind: 'incomplete_body' }
  /** Other bodies take all the memory that there is for them. */
  | { readonly kind: 'overloaded' }
  /** Not JSON-RPC. `code` is the error code of JSON-RPC 2.0 §5.1. */
  | { readonly kind: 'invalid_request'; readonly code: number; readonly detail: string }

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
  /** Of JSON-RPC. Default -32000. */
  readonly code?: number
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
  const { status, error, message, parameters, headers = {}, code } = describe(denial, scopeTemplate)
  if (!parameters) return { status, error, message, headers, ...(code !== undefined && { code }) }
  const all = {
    ...parameters,
    ...(scheme === 'DPoP' && { algs: dpopAlgorithms.join(' ') }),
    resource_metadata: resourceMetadataUrl,
  }
  return { status, error, message, headers, wwwAuthenticate: `${scheme} ${serialize(all)}` }
}

/** A challenge as the HTTP answer to a JSON-RPC request. */
export function challengeResponse(challenge: Challenge, id: string | number | null): Response {
  const { status, error, message, wwwAuthenticate, headers, code = -32000 } = challenge
  return new Response(errorBody(code, message, { id, data: { error } }), {
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
  readonly code?: number
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
    default:
      return describeRefusal(denial)
  }
}

/** Answers to requests that no token changes, but for those that are too large for a caller without one. */
function describeRefusal(denial: RequestRefusal): Description {
  const refuse = (status: number, message: string, code = -32600): Description => ({
    status,
    error: denial.kind,
    message,
    code,
  })
  switch (denial.kind) {
    // A 401 here would make clients that open a stream with GET start a login as soon as they connect.
    case 'method_not_allowed': {
      const message = 'Method not allowed: send JSON-RPC with POST.'
      return { ...refuse(405, message, -32000), headers: { allow: 'POST, OPTIONS' } }
    }
    case 'not_found':
      return refuse(404, 'Not found')
    case 'foreign_host':
      return refuse(403, 'This server does not answer to that host.')
    case 'foreign_origin':
      return refuse(403, 'This server does not answer to pages of that origin.')
    case 'encoded_body':
      return refuse(415, 'Send the body without content-encoding.')
    case 'body_too_large': {
      if (!denial.anonymous) return refuse(413, `A request has at most ${denial.maxBytes} bytes.`)
      const message = `Without an access token a request has at most ${denial.maxBytes} bytes.`
      // A client that has not signed in yet learns from a 401 alone that it should.
      if (denial.tokenHelps) return { status: 401, error: denial.kind, message, parameters: {}, code: -32600 }
      return refuse(413, message)
    }
    case 'too_complex':
      return refuse(
        400,
        `${denial.anonymous ? 'Without an access token a' : 'A'} request has at most ${denial.bound}.`,
      )
    case 'body_too_slow':
      return refuse(408, `The body did not arrive within ${denial.seconds} seconds. Send it again.`)
    case 'incomplete_body':
      return refuse(400, 'The body is not what its headers announce. Send it again.')
    case 'overloaded':
      return retryLater(503, 'overloaded', 'Too many requests are arriving. Try again shortly.', 1)
    case 'invalid_request':
      return refuse(400, denial.detail, denial.code)
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
