import * as oauth from 'oauth4webapi'
import { AuthorityUnavailable } from './verdict.ts'

/** RFC 8414 metadata of the issuer. */
export type IssuerMetadata = oauth.AuthorizationServer

/**
 * Fetches the issuer's metadata: RFC 8414 first, then OpenID Connect Discovery.
 * @param issuer the document's `issuer` must be this very string (RFC 8414 §3.3)
 * @param timeoutMs for both requests together
 * @throws AuthorityUnavailable when neither document can be had or both name another issuer
 */
export async function fetchIssuerMetadata(issuer: string, timeoutMs: number): Promise<IssuerMetadata> {
  const failures: unknown[] = []
  const signal = AbortSignal.timeout(timeoutMs)
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      const url = new URL(issuer)
      const response = await oauth.discoveryRequest(url, {
        algorithm,
        signal,
        [oauth.allowInsecureRequests]: url.protocol === 'http:',
      })
      const metadata = await oauth.processDiscoveryResponse(url, response)
      if (metadata.issuer === issuer) return metadata
      failures.push(new Error(`The metadata names another issuer: ${metadata.issuer}`))
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AuthorityUnavailable(`No metadata from the issuer ${issuer}`, {
    cause: new AggregateError(failures),
  })
}

/**
 * Remembers what a function resolved to, and forgets what it rejected with.
 * Concurrent callers share one attempt.
 */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined
  return () => {
    pending ??= load().catch((error) => {
      pending = undefined
      throw error
    })
    return pending
  }
}
