import { createHash, randomUUID } from 'node:crypto'
import { testAccounts } from '../../../config/index.ts'
import { createSigner } from '../issuer-keys.ts'
import { createStandIns, type StandInAnswer, type StandInRequest } from '../stand-in.ts'
import { credentialsOf } from './credentials.ts'
import type { Failure, Grant, Issued, Person, Vendor, Workshop } from './vendor.ts'

/** A running stand-in. */
export interface IdpStandIn {
  readonly origin: string
  /** What ISSUER must be, byte for byte. */
  readonly issuer: string
  /** What was sent to an endpoint: the authorization requests' queries, the token requests' forms. */
  sent(endpoint: 'authorize' | 'token' | 'revoke'): readonly URLSearchParams[]
  stop(): Promise<void>
}

/** How long access tokens live, in seconds. */
export const lifetimeSeconds = 3600

/**
 * Starts a little authorization server that behaves as a vendor's does: code flow with PKCE (S256 alone), refresh,
 * revocation, keys and metadata, over real HTTP on a free port of this machine. People sign in by a form.
 * @param make the vendor's behaviour
 * @param now Unix milliseconds
 */
export async function startIdp(
  make: (workshop: Workshop) => Vendor,
  now: () => number = Date.now,
): Promise<IdpStandIn> {
  const signer = await createSigner(['RS256'])
  const standIns = createStandIns()
  const codes = new Map<string, Grant>()
  const accessTokens = new Map<string, Issued>()
  const refreshTokens = new Map<string, Grant>()
  const seconds = () => Math.floor(now() / 1000)
  let vendor: Vendor | undefined

  const standIn = await standIns.start((origin) => {
    const own = make({
      origin,
      sign: (claims, header) => signer.sign(claims, { alg: 'RS256', typ: 'JWT', ...header }),
      find(token) {
        const issued = accessTokens.get(token ?? '')
        return issued && !issued.revoked && issued.exp > seconds() ? issued : undefined
      },
    })
    vendor = own
    const { paths, documents, issuer, metadata, more } = own
    const document = {
      issuer,
      authorization_endpoint: origin + paths.authorize,
      token_endpoint: origin + paths.token,
      jwks_uri: origin + paths.keys,
      ...(paths.revoke !== undefined && { revocation_endpoint: origin + paths.revoke }),
      response_types_supported: ['code'],
      ...metadata,
    }
    return {
      ...Object.fromEntries(documents.map((path) => [path, { body: document }])),
      [paths.keys]: () => ({ body: signer.jwks }),
      [paths.authorize]: (request) => authorize(own, request),
      [paths.token]: (request) => token(own, request),
      ...(paths.revoke !== undefined && { [paths.revoke]: (request) => revoke(own, request) }),
      ...more,
    }
  })

  function authorize(own: Vendor, { method, path, fields }: StandInRequest): StandInAnswer {
    const query = method === 'POST' ? (fields.get('query') ?? '') : path.replace(/^[^?]*\??/, '')
    const request = new URLSearchParams(query)
    const redirect = URL.parse(request.get('redirect_uri') ?? '')
    if (request.get('client_id') !== own.client.id || !redirect || !own.redirectFits(redirect)) {
      return page(`${own.failures.redirect.error}: ${own.failures.redirect.description}`, 400)
    }
    const failure = flowFailure(request) ?? own.refuse?.(request)
    if (failure) return refuse(failure, request, redirect)
    if (method !== 'POST') return loginPage(query)
    const person = personOf(fields)
    if (!person) return loginPage(query)
    const granted = own.grant(request, person)
    if ('error' in granted) return refuse(granted, request, redirect)
    const code = randomUUID()
    codes.set(code, { ...granted, person, request })
    const state = request.get('state') ?? ''
    return back(redirect, { code, state, ...(own.namesIssuer && { iss: own.issuer }) })
  }

  async function token(own: Vendor, request: StandInRequest): Promise<StandInAnswer> {
    const { fields } = request
    const failure = clientFailure(own, request) ?? own.refuseToken?.(fields)
    if (failure) return answerFailure(failure)
    const isRefresh = fields.get('grant_type') === 'refresh_token'
    const grant = isRefresh ? refreshTokens.get(fields.get('refresh_token') ?? '') : redeem(fields)
    if (!grant) return answerFailure({ error: 'invalid_grant', description: 'Malformed or used up.' })
    if (isRefresh && own.refreshRotates) refreshTokens.delete(fields.get('refresh_token') ?? '')
    return { body: await issue(own, grant, grant.offline && (!isRefresh || own.refreshRotates)) }
  }

  function redeem(fields: URLSearchParams): Grant | undefined {
    const code = fields.get('code') ?? ''
    const grant = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256')
      .update(fields.get('code_verifier') ?? '')
      .digest('base64url')
    const fits =
      grant?.request.get('code_challenge') === challenge &&
      grant.request.get('redirect_uri') === fields.get('redirect_uri')
    return fits ? grant : undefined
  }

  async function issue(own: Vendor, grant: Grant, withRefreshToken: boolean) {
    const issued: Issued = { grant, iat: seconds(), exp: seconds() + lifetimeSeconds, revoked: false }
    const accessToken = (await own.mint?.(issued)) ?? `opaque-${randomUUID()}`
    accessTokens.set(accessToken, issued)
    const refreshToken = `refresh-${randomUUID()}`
    if (withRefreshToken) refreshTokens.set(refreshToken, grant)
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      scope: grant.scopes.join(' '),
      ...(withRefreshToken && { refresh_token: refreshToken }),
    }
  }

  /** RFC 7009 §2.2: whatever the token is, 200. */
  function revoke(own: Vendor, request: StandInRequest): StandInAnswer {
    const failure = clientFailure(own, request)
    if (failure) return answerFailure(failure)
    const revoked = request.fields.get('token') ?? ''
    const grant = refreshTokens.get(revoked)
    refreshTokens.delete(revoked)
    if (own.revokes === 'all') {
      for (const [accessToken, issued] of accessTokens) {
        if (accessToken === revoked || (grant && issued.grant === grant)) issued.revoked = true
      }
    }
    return { body: '' }
  }

  if (!vendor) throw new Error('The stand-in has no behaviour.')
  const { issuer, paths } = vendor
  return {
    origin: standIn.origin,
    issuer,
    sent(endpoint) {
      const isIt = ({ path }: StandInRequest) => path.replace(/\?.*/, '') === paths[endpoint]
      return standIn.requests
        .filter((request) => isIt(request) && (endpoint !== 'authorize' || request.method === 'GET'))
        .map(({ path, fields }) =>
          endpoint === 'authorize' ? new URL(path, standIn.origin).searchParams : fields,
        )
    },
    stop: standIns.stop,
  }
}

/** What no vendor lets pass; Google and Auth0 would do without PKCE, the client must not. */
function flowFailure(request: URLSearchParams): Failure | undefined {
  if (request.get('response_type') !== 'code') {
    return { error: 'unsupported_response_type', description: 'Only code.' }
  }
  const hasChallenge = request.get('code_challenge_method') === 'S256' && request.has('code_challenge')
  return hasChallenge
    ? undefined
    : { error: 'invalid_request', description: 'PKCE code challenge is required.' }
}

function clientFailure({ client, failures }: Vendor, request: StandInRequest): Failure | undefined {
  const { id, secret } = credentialsOf(request)
  return id === client.id && secret === client.secret ? undefined : failures.secret
}

function personOf(fields: URLSearchParams): Person | undefined {
  const account = testAccounts.find(
    ({ username, password }) => username === fields.get('username') && password === fields.get('password'),
  )
  return (
    account && {
      username: account.username,
      email: `${account.username}@example.com`,
      permissions: account.scopes,
    }
  )
}

function refuse(failure: Failure, request: URLSearchParams, redirect: URL): StandInAnswer {
  const { error, description, onPage } = failure
  if (onPage) return page(`${error}: ${description}`, 400)
  return back(redirect, { error, error_description: description, state: request.get('state') ?? '' })
}

function back(redirect: URL, parameters: Readonly<Record<string, string>>): StandInAnswer {
  const location = new URL(redirect)
  for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value)
  return { status: 302, headers: { location: location.href } }
}

function answerFailure({ error, description, status = 400 }: Failure): StandInAnswer {
  return { status, body: { error, error_description: description } }
}

function loginPage(query: string): StandInAnswer {
  const hidden = `<input type="hidden" name="query" value="${query.replaceAll('&', '&amp;')}">`
  const fields = '<input name="username"><input name="password" type="password">'
  return page(`<form method="post">${hidden}${fields}<button>Sign in</button></form>`)
}

function page(body: string, status = 200): StandInAnswer {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}
