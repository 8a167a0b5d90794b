import { isLoopback } from '../../config/index.ts'
import { createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { type Expectations, judge } from './judge.ts'
import { AuthorityUnavailable, type TokenVerifier } from './verdict.ts'

/** Google's endpoint: its access tokens are opaque and it has no introspection. */
export const googleTokenInfo = 'https://oauth2.googleapis.com/tokeninfo'

const boundedFetch = createBoundedFetch()

/** Options of {@link createTokenInfoVerifier}. `acceptedAudiences` holds client ids: that is what Google's `aud` is. */
export interface TokenInfoOptions extends Expectations {
  readonly endpoint?: string
  /** For each question. Default 1500. */
  readonly timeoutMs?: number
}

/** A verifier that asks Google's tokeninfo endpoint about each token. Put a cache before it. */
export function createTokenInfoVerifier(options: TokenInfoOptions): TokenVerifier {
  const { endpoint = googleTokenInfo, timeoutMs = 1500 } = options

  async function ask(token: string): Promise<Response> {
    // Live tokens go there: plain http is for this machine only.
    const isSafe =
      URL.parse(endpoint)?.protocol === 'https:' || (URL.canParse(endpoint) && isLoopback(endpoint))
    if (!isSafe) throw new AuthorityUnavailable(`The tokeninfo endpoint ${endpoint} is not https`)
    try {
      return await boundedFetch(endpoint, {
        method: 'POST',
        body: new URLSearchParams({ access_token: token }), // in the body: URLs end up in logs
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
    } catch (cause) {
      throw new AuthorityUnavailable('The tokeninfo endpoint does not answer', { cause })
    }
  }

  return {
    async verify(token) {
      const response = await ask(token)
      const answer = asObject(await response.json().catch(() => undefined))
      // A bad token is a 400 with an error in it; any other failure says nothing about the token.
      if (response.status === 400 && answer && ('error' in answer || 'error_description' in answer)) {
        return { refusal: { reason: 'inactive' } }
      }
      if (response.status !== 200 || answer?.aud === undefined) {
        throw new AuthorityUnavailable(
          `The tokeninfo endpoint answered ${response.status} with something else`,
        )
      }
      // Google writes numbers as strings.
      return judge(token, { ...answer, exp: Number(answer.exp) }, options)
    },
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
