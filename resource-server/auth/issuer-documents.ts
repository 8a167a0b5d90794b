import * as oauth from 'oauth4webapi'
import { issuerMismatch } from '../../config/index.ts'
import {
  AnswerTooLong,
  createBoundedFetch,
  describeBytes,
  longestDocument,
} from '../../runtime/bounded-fetch.ts'
import { type ConnectionFailure, connectionFailure } from '../../runtime/connection-failure.ts'

/** RFC 8414 metadata of the issuer. */
export type IssuerMetadata = oauth.AuthorizationServer

/** Why a well-known URL gave no metadata of the issuer. */
export type DocumentProblem =
  | { readonly kind: 'unreachable'; readonly failure: ConnectionFailure | undefined; readonly cause: unknown }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'not_json'; readonly contentType: string }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'too_long' }
  | { readonly kind: 'other_issuer'; readonly issuer: string | undefined }

/** What a well-known URL of the issuer answered. */
export interface IssuerDocument {
  readonly url: URL
  readonly metadata?: IssuerMetadata
  readonly problem?: DocumentProblem
  /** The server's clock, Unix seconds: `Date` and `Age` of the answer (RFC 9111 §4.2.3). Absent without an answer. */
  readonly serverTime?: number
  /** When the request was sent and answered by this machine's clock, Unix milliseconds. */
  readonly sentAt: number
  readonly answeredAt: number
}

const boundedFetch = createBoundedFetch()

/** Fetches one document, of at most 1 MiB. It never throws: what went wrong is the `problem`. */
export async function loadIssuerDocument(
  url: URL,
  issuer: string,
  signal: AbortSignal,
): Promise<IssuerDocument> {
  const sentAt = Date.now()
  try {
    const headers = { accept: 'application/json' }
    const response = await boundedFetch(url, { headers, redirect: 'manual', signal })
    const answered = { url, sentAt, answeredAt: Date.now(), ...serverTimeOf(response) }
    return { ...answered, ...(await read(response, issuer)) }
  } catch (cause) {
    if (cause instanceof AnswerTooLong) {
      return { url, sentAt, answeredAt: Date.now(), problem: { kind: 'too_long' } }
    }
    const failure = connectionFailure(cause, url, 'ISSUER')
    return { url, sentAt, answeredAt: Date.now(), problem: { kind: 'unreachable', failure, cause } }
  }
}

async function read(
  response: Response,
  issuer: string,
): Promise<Pick<IssuerDocument, 'metadata' | 'problem'>> {
  if (response.status !== 200) {
    return { problem: { kind: 'status', status: response.status } }
  }
  try {
    const metadata = await oauth.processDiscoveryResponse(new URL(issuer), response)
    if (metadata.issuer === issuer) return { metadata }
    return { problem: { kind: 'other_issuer', issuer: metadata.issuer } }
  } catch (error) {
    return { problem: problemOf(error, response) }
  }
}

function problemOf(error: unknown, response: Response): DocumentProblem {
  const { code, cause } = error as oauth.OperationProcessingError
  if (code === oauth.RESPONSE_IS_NOT_JSON) {
    return { kind: 'not_json', contentType: response.headers.get('content-type') ?? 'nothing named' }
  }
  const named: unknown = Object(Object(cause).body).issuer
  if (code === oauth.JSON_ATTRIBUTE_COMPARISON && typeof named === 'string') {
    return { kind: 'other_issuer', issuer: named }
  }
  if (code === oauth.INVALID_RESPONSE) return { kind: 'other_issuer', issuer: undefined }
  return { kind: 'unreadable' }
}

function serverTimeOf(response: Response): { readonly serverTime?: number } {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date)) return {}
  return { serverTime: date / 1000 + (Number(response.headers.get('age')) || 0) }
}

/** What is wrong, in a few words that stand after the URL or the server's name. */
export function describeProblem(problem: DocumentProblem): string {
  switch (problem.kind) {
    case 'unreachable':
      return `does not answer (${problem.failure?.reason ?? String(problem.cause)})`
    case 'status':
      return `answers ${problem.status}`
    case 'not_json':
      return `answers with something else than JSON (${problem.contentType})`
    case 'unreadable':
      return 'answers with JSON that cannot be read'
    case 'too_long':
      return `answers with more than ${describeBytes(longestDocument)}`
    case 'other_issuer':
      return problem.issuer === undefined ? 'names no issuer' : `names another issuer: ${problem.issuer}`
  }
}

/** What to change, in the order in which it should be tried. Undefined when only the identity provider knows. */
export function remedyOf(problem: DocumentProblem, issuer: string): string | undefined {
  switch (problem.kind) {
    case 'unreachable':
      return problem.failure?.remedy
    case 'other_issuer':
      return issuerMismatch(issuer, problem.issuer)
    default:
      return undefined
  }
}
