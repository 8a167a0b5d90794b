import { wellKnownUrls } from '../../runtime/well-known-urls.ts'
import {
  describeProblem,
  type IssuerDocument,
  type IssuerMetadata,
  loadIssuerDocument,
  remedyOf,
} from './issuer-documents.ts'
import { AuthorityUnavailable } from './verdict.ts'

export type { IssuerMetadata } from './issuer-documents.ts'

/** A well-known URL of the issuer gave no metadata. */
export class IssuerDocumentError extends Error {
  override readonly name = 'IssuerDocumentError'
  /** What the operator can change, where that can be told. */
  readonly remedy: string | undefined

  constructor({ url }: IssuerDocument, problem: NonNullable<IssuerDocument['problem']>, issuer: string) {
    const cause = problem.kind === 'unreachable' ? problem.cause : undefined
    super(`${url.href} ${describeProblem(problem)}`, { cause })
    this.remedy = remedyOf(problem, issuer)
  }
}

/**
 * Fetches the issuer's metadata: RFC 8414 first, then OpenID Connect Discovery.
 * @param issuer the document's `issuer` must be this very string (RFC 8414 §3.3)
 * @param timeoutMs for all requests together
 * @throws AuthorityUnavailable when no document can be had or all name another issuer
 */
export async function fetchIssuerMetadata(issuer: string, timeoutMs: number): Promise<IssuerMetadata> {
  if (!URL.canParse(issuer)) throw new AuthorityUnavailable(`The issuer ${issuer} is not a URL`)
  const failures: unknown[] = []
  const signal = AbortSignal.timeout(timeoutMs)
  for (const url of wellKnownUrls(issuer)) {
    const document = await loadIssuerDocument(url, issuer, signal)
    const { metadata, problem } = document
    if (metadata) return metadata
    if (!problem) continue
    failures.push(new IssuerDocumentError(document, problem, issuer))
    if (problem.kind === 'unreachable') break
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
