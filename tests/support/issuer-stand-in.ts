import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { openServer } from './http-server.ts'
import { credentialsOf } from './idp/credentials.ts'
import { createSigner, type HeaderOverrides, type SigningAlgorithm } from './issuer-keys.ts'

/** What the stand-in serves, each counted by itself. */
export type IssuerEndpoint = 'metadata' | 'introspection' | 'jwks'

/** What can be wrong with an issuer that accepts connections. `hang` lasts until {@link IssuerStandIn.heal}. */
export type IssuerFault =
  | 'hang'
  | 'internal_error'
  | 'garbage'
  | 'unauthorized'
  | { readonly delayMs: number }
  | { readonly status: number; readonly json: unknown }

/** How often an endpoint was asked, and how many of those requests were open at one time. */
export interface EndpointUse {
  requests: number
  open: number
  mostOpen: number
}

/** The last introspection request, for what it carried. */
export interface IntrospectionRequest {
  readonly authorization: string | undefined
  readonly contentType: string | undefined
  readonly form: URLSearchParams
}

/** An authorization server that says what a test tells it to, over real HTTP. */
export interface IssuerStandIn {
  readonly issuer: string
  /** Introspection answers by token (RFC 7662 §2.2). Other tokens are `{"active":false}`. */
  readonly tokens: Map<string, Readonly<Record<string, unknown>>>
  /** Fields put over those of the metadata document; `undefined` leaves a field out. */
  readonly metadata: Record<string, unknown>
  readonly use: Readonly<Record<IssuerEndpoint, Readonly<EndpointUse>>>
  readonly lastIntrospection: IntrospectionRequest | undefined
  /** The published keys (RFC 7517). */
  readonly jwks: JSONWebKeySet
  /**
   * Makes a token that introspects as active.
   * @param answer put over `scope: 'read'`, alice, `test-client`, and an `exp` in an hour
   * @returns the token
   */
  issue(audience: string, answer?: Readonly<Record<string, unknown>>): string
  /**
   * Signs an access token (RFC 9068 §2) with the newest key of its algorithm.
   * @param claims put over alice's; `undefined` leaves a claim out. `aud` has no default.
   * @param header put over `alg` (default ES256), `kid` and `typ: at+jwt`; `undefined` leaves a parameter out
   */
  sign(claims: JWTPayload, header?: HeaderOverrides): Promise<string>
  /** Publishes a new key, with which {@link sign} signs from now on. The old ones stay published. */
  rotate(algorithm?: SigningAlgorithm): Promise<void>
  /** Breaks endpoints, all of them by default, until {@link heal}. */
  fail(fault: IssuerFault, endpoints?: readonly IssuerEndpoint[]): void
  /** Ends every fault, answers what hangs, and accepts connections again. */
  heal(): Promise<void>
  /** Closes the port: connections are refused until {@link heal}. */
  refuseConnections(): Promise<void>
  /** Resolves when that many requests have reached the endpoint since the start. */
  reached(endpoint: IssuerEndpoint, requests: number): Promise<void>
  stop(): Promise<void>
}

/** Options of {@link startIssuer}. */
export interface IssuerOptions {
  /** The client that may introspect. Default: the development credentials of the MCP server. */
  readonly client?: { readonly id: string; readonly secret: string }
  /** A path for an issuer that has one, such as `/tenant`. Default none. */
  readonly path?: string
  /** A key for each is published from the start. Default ES256 alone: an RSA key takes a while to make. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Unix milliseconds. */
  readonly now?: () => number
}

const developmentClient = { id: 'mcp-server', secret: 'mcp-server-development-secret' }

/** Starts an issuer on a free port: RFC 8414 metadata, OpenID configuration, `/introspect` and `/jwks`. */
export async function startIssuer(options: IssuerOptions = {}): Promise<IssuerStandIn> {
  const { client = developmentClient, path = '', algorithms = ['ES256'], now = Date.now } = options
  const { server, port, origin, close } = await openServer(answer)
  const issuer = origin + path
  const signer = await createSigner(algorithms)
  const tokens: IssuerStandIn['tokens'] = new Map()
  const metadata: Record<string, unknown> = {}
  const unused = (): EndpointUse => ({ requests: 0, open: 0, mostOpen: 0 })
  const use = { metadata: unused(), introspection: unused(), jwks: unused() }
  const faults = new Map<IssuerEndpoint, IssuerFault>()
  const watchers = new Set<() => void>()
  let released = Promise.withResolvers<void>()
  let lastIntrospection: IntrospectionRequest | undefined

  const endpoints: Record<string, IssuerEndpoint> = {
    [`/.well-known/oauth-authorization-server${path}`]: 'metadata',
    [`${path}/.well-known/openid-configuration`]: 'metadata',
    [`${path}/introspect`]: 'introspection',
    [`${path}/jwks`]: 'jwks',
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const endpoint = endpoints[req.url ?? '']
    if (endpoint === undefined) return send(res, 404, { error: 'not_found' })
    const counted = use[endpoint]
    counted.requests += 1
    counted.open += 1
    counted.mostOpen = Math.max(counted.mostOpen, counted.open)
    res.once('close', () => {
      counted.open -= 1
    })
    for (const check of watchers) check()
    const body = await readText(req)
    const fault = faults.get(endpoint)
    if (fault === 'internal_error') return send(res, 500, { error: 'server_error' })
    if (fault === 'garbage') return send(res, 200, '<html>maintenance</html>')
    if (fault === 'unauthorized') return send(res, 401, { error: 'invalid_client' })
    if (typeof fault === 'object' && 'status' in fault) return send(res, fault.status, fault.json)
    if (fault === 'hang') await released.promise
    if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    if (endpoint === 'introspection') return send(res, ...introspect(req, body))
    send(res, 200, endpoint === 'jwks' ? signer.jwks : { ...defaultMetadata(issuer), ...metadata })
  }

  /** RFC 7662 §2: POST, form-encoded, by the one client that may ask. */
  function introspect(req: IncomingMessage, body: string): readonly [status: number, json: unknown] {
    const { authorization, 'content-type': contentType } = req.headers
    const form = new URLSearchParams(body)
    lastIntrospection = { authorization, contentType, form }
    if (req.method !== 'POST' || !contentType?.startsWith('application/x-www-form-urlencoded')) {
      return [400, { error: 'invalid_request' }]
    }
    const given = credentialsOf({
      headers: authorization ? { authorization } : {},
      fields: new URLSearchParams(),
    })
    if (given.id !== client.id || given.secret !== client.secret) return [401, { error: 'invalid_client' }]
    return [200, tokens.get(form.get('token') ?? '') ?? { active: false }]
  }

  return {
    issuer,
    tokens,
    metadata,
    use,
    get lastIntrospection() {
      return lastIntrospection
    },
    get jwks() {
      return signer.jwks
    },
    issue(audience, given = {}) {
      const token = crypto.randomUUID().replaceAll('-', '')
      const iat = Math.floor(now() / 1000)
      const defaults = { active: true, iss: issuer, aud: audience, scope: 'read', token_type: 'Bearer' }
      const caller = { sub: 'alice', username: 'alice', client_id: 'test-client' }
      tokens.set(token, { ...defaults, ...caller, iat, exp: iat + 3600, ...given })
      return token
    },
    sign(claims, header = {}) {
      const iat = Math.floor(now() / 1000)
      const caller = { sub: 'alice', client_id: 'test-client', scope: 'read' }
      const times = { iat, exp: iat + 3600, jti: crypto.randomUUID() }
      return signer.sign({ iss: issuer, ...caller, ...times, ...claims }, header)
    },
    rotate: (algorithm = 'ES256') => signer.addKey(algorithm),
    fail(fault, broken = ['metadata', 'introspection', 'jwks']) {
      for (const endpoint of broken) faults.set(endpoint, fault)
    },
    async heal() {
      faults.clear()
      released.resolve()
      released = Promise.withResolvers()
      if (!server.listening) await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    },
    refuseConnections: close,
    reached(endpoint, requests) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const check = () => use[endpoint].requests >= requests && resolve()
      watchers.add(check)
      check()
      return promise
    },
    async stop() {
      released.resolve()
      await close()
    },
  }
}

function defaultMetadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic'],
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ['read', 'write', 'admin'],
  }
}

async function readText(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': 'Basic realm="introspection"' }),
  })
  res.end(typeof body === 'string' ? body : JSON.stringify(body))
}
