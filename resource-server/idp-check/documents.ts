import { wellKnownUrls } from '../../runtime/well-known-urls.ts'
import {
  type DocumentProblem,
  describeProblem,
  type IssuerDocument,
  loadIssuerDocument,
  remedyOf,
} from '../auth/issuer-documents.ts'
import { type Finding, missing, ok, type Subject } from './finding.ts'

/** Asks all well-known URLs of the issuer, not only until one answers. */
export async function loadDocuments({
  config: { issuer },
  timeoutMs,
}: Pick<Subject, 'config' | 'timeoutMs'>): Promise<readonly IssuerDocument[]> {
  const signal = AbortSignal.timeout(timeoutMs)
  return await Promise.all(wellKnownUrls(issuer).map((url) => loadIssuerDocument(url, issuer, signal)))
}

/** Which documents there are, and whether they are this issuer's. */
export function checkDocuments(
  { config, remedy }: Pick<Subject, 'config' | 'remedy'>,
  documents: readonly IssuerDocument[],
): readonly Finding[] {
  const { issuer, idp } = config
  const usable = documents.findIndex(({ metadata }) => metadata !== undefined)
  const stopping = documents
    .slice(0, usable === -1 ? undefined : usable)
    .flatMap(({ problem }) => (problem && stopsClients(problem) ? [problem] : []))[0]
  if (usable !== -1 && !stopping) {
    const found = documents.filter(({ metadata }) => metadata).map(({ url }) => url.pathname)
    return [ok('documents', found.join(' and ')), ok('issuer', 'equal to ISSUER, byte for byte')]
  }
  const problem = stopping ?? mostTelling(documents)
  const about = problem.kind === 'other_issuer' ? 'issuer' : 'documents'
  const refused = problem.kind === 'unreachable' && problem.failure?.code === 'ECONNREFUSED'
  const start =
    refused && idp.profile.startedBy !== undefined ? `start it with: ${idp.profile.startedBy}` : undefined
  const change =
    start ??
    remedyOf(problem, issuer) ??
    remedy(
      'issuer',
      'set ISSUER to what the identity provider calls its issuer, as it writes it: no page, no endpoint',
    )
  return [missing(about, `${issuer} ${describeProblem(problem)}`, change)]
}

/** Clients go on to the next URL when there is no document, and stop when there is one that is not to be trusted. */
function stopsClients(problem: DocumentProblem): boolean {
  return (
    problem.kind === 'other_issuer' ||
    problem.kind === 'unreadable' ||
    problem.kind === 'too_long' ||
    (problem.kind === 'status' && problem.status >= 500)
  )
}

const byWeight: readonly DocumentProblem['kind'][] = [
  'unreachable',
  'other_issuer',
  'unreadable',
  'too_long',
  'not_json',
  'status',
]

function mostTelling(documents: readonly IssuerDocument[]): DocumentProblem {
  const problems = documents.flatMap(({ problem }) => (problem ? [problem] : []))
  return problems.toSorted(
    (a, b) => byWeight.indexOf(a.kind) - byWeight.indexOf(b.kind),
  )[0] as DocumentProblem
}
