import type { RequestPurpose } from '../request-purpose.ts'
import type { Actor, Hop } from './hop.ts'

/** What is known of a request before its answer. */
export interface HopDescription extends Pick<Hop, 'title' | 'standard' | 'purpose'> {
  readonly to: Actor
}

const ofPurpose: Readonly<Record<Exclude<RequestPurpose, 'mcp' | 'token'>, HopDescription>> = {
  'resource-metadata': {
    to: 'MCP server',
    title: 'Protected resource metadata',
    standard: 'RFC 9728 §3',
    purpose: 'learn which authorization servers protect the MCP server, and its scopes',
  },
  'server-metadata': {
    to: 'authorization server',
    title: 'Authorization server metadata',
    standard: 'RFC 8414 §3, OpenID Connect Discovery 1.0',
    purpose: 'learn its endpoints, and that it is the issuer it is taken for',
  },
  'client-metadata': {
    to: 'authorization server',
    title: 'Client metadata document',
    standard: 'draft-ietf-oauth-client-id-metadata-document',
    purpose: 'see whether the client’s own document lists a redirect URI for this issuer alone',
  },
  registration: {
    to: 'authorization server',
    title: 'Client registration',
    standard: 'RFC 7591 §3',
    purpose: 'get a client identifier from a server that does not know this client',
  },
  'pushed-authorization': {
    to: 'authorization server',
    title: 'Pushed authorization request',
    standard: 'RFC 9126 §2',
    purpose: 'hand the request over directly, so that the browser carries only a reference to it',
  },
  'device-authorization': {
    to: 'authorization server',
    title: 'Device authorization request',
    standard: 'RFC 8628 §3.1',
    purpose: 'get a code that the user enters on another device',
  },
  revocation: {
    to: 'authorization server',
    title: 'Token revocation',
    standard: 'RFC 7009 §2',
    purpose: 'end the token before it expires',
  },
  jwks: {
    to: 'authorization server',
    title: 'Signing keys',
    standard: 'RFC 7517',
    purpose: 'verify what the authorization server signs',
  },
}

const ofGrantType: Readonly<Record<string, Omit<HopDescription, 'to'>>> = {
  authorization_code: {
    title: 'Code for tokens',
    standard: 'RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2',
    purpose: 'exchange the code, and prove with the verifier that this client asked for it',
  },
  refresh_token: {
    title: 'Refresh',
    standard: 'RFC 6749 §6',
    purpose: 'get a new access token without asking the user',
  },
  client_credentials: {
    title: 'Client credentials',
    standard: 'RFC 6749 §4.4',
    purpose: 'get a token for the client itself: no user takes part',
  },
  'urn:ietf:params:oauth:grant-type:device_code': {
    title: 'Device code for tokens',
    standard: 'RFC 8628 §3.4',
    purpose: 'ask whether the user has finished on the other device',
  },
  'urn:ietf:params:oauth:grant-type:jwt-bearer': {
    title: 'Assertion for a token',
    standard: 'RFC 7523 §2.1',
    purpose: 'exchange an assertion that somebody else has signed',
  },
  'urn:ietf:params:oauth:grant-type:token-exchange': {
    title: 'Token exchange',
    standard: 'RFC 8693 §2',
    purpose: 'exchange one token for another',
  },
}

/**
 * Says what a request is.
 * @param body as it is sent: a form for the token endpoint, JSON-RPC for the MCP server
 */
export function describeRequest(purpose: RequestPurpose, body: string): HopDescription {
  if (purpose === 'mcp') return describeMcp(body)
  if (purpose !== 'token') return ofPurpose[purpose]
  const grantType = new URLSearchParams(body).get('grant_type') ?? ''
  return {
    to: 'authorization server',
    ...(ofGrantType[grantType] ?? {
      title: 'Token request',
      standard: 'RFC 6749 §3.2',
      purpose: `get tokens (${grantType})`,
    }),
  }
}

function describeMcp(body: string): HopDescription {
  const { method = 'a message', params } = parse(body)
  const name = Object(params).name ?? Object(params).uri
  return {
    to: 'MCP server',
    title: typeof name === 'string' ? `${method} ${name}` : String(method),
    standard: 'MCP, Streamable HTTP',
    purpose: 'use the MCP server',
  }
}

function parse(body: string): { method?: unknown; params?: unknown } {
  try {
    return Object([JSON.parse(body)].flat()[0])
  } catch {
    return {}
  }
}

/** Statuses that mean something in OAuth, in the words of OAuth. */
const outcomes: Readonly<Record<number, string>> = {
  401: '401: a token is needed (RFC 6750 §3, RFC 9728 §5.1)',
  403: '403: the token lacks a scope (RFC 6750 §3.1)',
  503: '503: try again later',
}

/** Says how a hop ended. */
export function describeOutcome(status: number, statusText: string, purpose: RequestPurpose): string {
  const known = purpose === 'mcp' ? outcomes[status] : undefined
  return known ?? `${status} ${statusText}`.trim()
}
