import { parseScope } from './scopes.ts'

/** What a resource server says when it refuses a request (RFC 6750 §3, RFC 9728 §5.1). Untrusted. */
export interface Challenge {
  /** For example `invalid_token` or `insufficient_scope`; absent when no token was sent. */
  readonly error?: string
  readonly description?: string
  /** The scopes that would do; absent when the server names none. */
  readonly scopes?: readonly string[]
  /** Where the protected resource metadata is. */
  readonly resourceMetadata?: string
  /** The server takes tokens that are bound to a key and no others (RFC 9449 §7.1). */
  readonly dpopOnly?: true
}

/**
 * Reads the Bearer or DPoP challenge of an answer, whose body is left unread.
 *
 * oauth4webapi's parser handles several challenges and escaped quotes in one header; it is reached
 * through a request, so the answer at hand is given to it as that request's.
 * @returns undefined when there is none that can be understood
 */
export async function parseChallenge(response: Response): Promise<Challenge | undefined> {
  // Loaded by those who are refused: everybody else's commands start sooner.
  const { customFetch, protectedResourceRequest, WWWAuthenticateChallengeError } = await import(
    'oauth4webapi'
  )
  try {
    await protectedResourceRequest('none', 'GET', new URL('https://localhost'), new Headers(), null, {
      [customFetch]: async () => response,
    })
    return undefined
  } catch (error) {
    if (!(error instanceof WWWAuthenticateChallengeError)) throw error
    const bearer = error.cause.find(({ scheme }) => scheme === 'bearer')
    const challenge = bearer ?? error.cause.find(({ scheme }) => scheme === 'dpop')
    if (!challenge) return undefined
    const { error: code, error_description, scope, resource_metadata } = challenge.parameters
    return {
      ...(code !== undefined && { error: code }),
      ...(error_description !== undefined && { description: error_description }),
      ...(scope !== undefined && { scopes: parseScope(scope) }),
      ...(resource_metadata !== undefined && { resourceMetadata: resource_metadata }),
      ...(!bearer && { dpopOnly: true }),
    }
  }
}
