import type { Fetch, FetchInit } from '../client/secure-fetch.ts'
import { type Step, shorten } from './report.ts'

/**
 * A `fetch` that tells of each OAuth request as it is answered. Requests of MCP itself are passed over.
 * @param seen the documents that were told of already: they are not told of again
 */
export function withTrace(fetch: Fetch, onStep: (step: Step) => void, seen: Set<string>): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    const kind = recognise(new URL(url), init)
    if (kind && !seen.has(String(url))) {
      if (kind.isDocument) seen.add(String(url))
      const body = parseJson(await response.clone().text())
      const outcome = response.ok ? kind.outcome(body) : `${response.status} ${body.error ?? ''}`.trim()
      onStep({ standard: kind.standard, what: kind.what, outcome, ok: response.ok })
    }
    return response
  }
}

interface Kind {
  readonly standard: string
  readonly what: string
  readonly isDocument?: true
  readonly outcome: (body: Record<string, unknown>) => string
}

function recognise(url: URL, init: FetchInit | undefined): Kind | undefined {
  if (url.pathname.startsWith('/.well-known/oauth-protected-resource')) return protectedResource
  if (url.pathname.includes('/.well-known/')) return authorizationServer
  const parameters = new URLSearchParams(String(init?.body ?? ''))
  const grant = grants[parameters.get('grant_type') ?? '']
  if (grant) return grant
  const hint = parameters.get('token_type_hint')
  return hint === null ? undefined : revocationOf(hint.replace('_', ' '))
}

const protectedResource: Kind = {
  standard: 'RFC 9728',
  what: 'protected resource metadata',
  isDocument: true,
  outcome: ({ authorization_servers: servers }) => `issuer ${servers}`,
}

const authorizationServer: Kind = {
  standard: 'RFC 8414',
  what: 'authorization server metadata',
  isDocument: true,
  outcome: ({
    code_challenge_methods_supported: methods,
    authorization_response_iss_parameter_supported: iss,
  }) => `PKCE ${methods}, ${iss ? 'iss in answers' : 'no iss in answers'}`,
}

const tokens = ({ access_token, refresh_token, expires_in }: Record<string, unknown>): string =>
  [
    `access ${shorten(String(access_token))}`,
    ...(refresh_token === undefined ? [] : [`refresh ${shorten(String(refresh_token))}`]),
    `${expires_in} s`,
  ].join(', ')

const grants: Readonly<Record<string, Kind>> = {
  authorization_code: { standard: 'RFC 7636', what: 'code and verifier for tokens', outcome: tokens },
  refresh_token: { standard: 'RFC 6749', what: 'refresh token for new tokens', outcome: tokens },
}

function revocationOf(what: string): Kind {
  return { standard: 'RFC 7009', what: `${what} revoked`, outcome: () => '200' }
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
