import { errorBody } from './json-rpc.ts'
import type { Refusal } from './verdict.ts'

/** Why a request goes no further. */
export type Denial =
  | { readonly kind: 'no_token'; readonly scopes: readonly string[] }
  | { readonly kind: 'malformed_credentials'; readonly detail: string }
  | { readonly kind: 'invalid_token'; readonly refusal: Refusal }
  | {
      readonly kind: 'insufficient_scope'
      readonly needed: readonly string[]
      readonly granted: readonly string[]
    }
  | { readonly kind: 'too_many_streams' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

/** Tells a client that lacks a token where to read about getting one (RFC 9728 §5.1). */
export interface ChallengeContext {
  readonly resourceMetadataUrl: string
  /** The JSON-RPC id of the request that is refused. */
  readonly id: string | number | null
}

/** Seconds after which asking again makes sense when the authorization server did not answer. */
const retryAfterSeconds = 5

/**
 * Turns a denial into an HTTP answer. Nothing else here writes authorization statuses or WWW-Authenticate.
 * The challenge follows RFC 6750 §3: no error code when no token was sent; generic codes otherwise.
 * The body is a JSON-RPC error with a sentence for people: several clients print it.
 */
export function toChallenge(denial: Denial, context: ChallengeContext): Response {
  const { status, message, error, challenge = {}, headers = {} } = describe(denial)
  const parameters = { ...challenge, resource_metadata: context.resourceMetadataUrl }
  return new Response(errorBody(-32000, message, { id: context.id, data: { error } }), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status !== 503 && status !== 429 && { 'www-authenticate': `Bearer ${serialize(parameters)}` }),
      ...headers,
    },
  })
}

interface Description {
  readonly status: number
  /** OAuth's code, or ours where it has none; for programs. */
  readonly error: string
  /** For people. */
  readonly message: string
  readonly challenge?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

function describe(denial: Denial): Description {
  switch (denial.kind) {
    case 'no_token':
      return {
        status: 401,
        error: 'unauthorized',
        message: 'Sign in first: this needs an access token.',
        challenge: denial.scopes.length > 0 ? { scope: denial.scopes.join(' ') } : {},
      }
    case 'malformed_credentials':
      return {
        status: 400,
        error: 'invalid_request',
        message: denial.detail,
        challenge: { error: 'invalid_request', error_description: quotable(denial.detail) },
      }
    case 'invalid_token':
      return {
        status: 401,
        error: 'invalid_token',
        message: 'The access token is expired, revoked or not for this server. Sign in again.',
        challenge: {
          error: 'invalid_token',
          error_description: 'The access token is expired, revoked or not for this server',
        },
      }
    case 'insufficient_scope': {
      const needed = denial.needed.join(' ')
      return {
        status: 403,
        error: 'insufficient_scope',
        message: `This needs the scope ${needed}, which the access token does not have.`,
        challenge: {
          error: 'insufficient_scope',
          // A client that asks only for what the challenge names must not lose what it had.
          scope: [...new Set([...denial.granted, ...denial.needed])].join(' '),
          error_description: `This needs the scope ${needed}`,
        },
      }
    }
    case 'too_many_streams':
      return {
        status: 429,
        error: 'too_many_streams',
        message: 'Too many streams without a token from this address. Sign in, or close some.',
        headers: { 'retry-after': '60' },
      }
    case 'unavailable':
      return {
        status: 503,
        error: 'temporarily_unavailable',
        message:
          'The authorization server cannot be asked about the access token right now. Try again shortly.',
        headers: { 'retry-after': String(retryAfterSeconds) },
      }
  }
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
