import {
  createMcpHandler,
  hostHeaderValidationResponse,
  type McpServerFactory,
  originValidationResponse,
} from '@modelcontextprotocol/server'
import { steadyNow } from '../runtime/steady-clock.ts'
import { webBody } from './adapters/web-body.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { type CacheStatistics, type CachingOptions, createCachingVerifier } from './auth/caching-verifier.ts'
import { challengeResponse, type RequestRefusal, toChallenge } from './auth/challenge.ts'
import {
  type Choice,
  chooseVerifier,
  type ValidationMode,
  type VerifierOptions,
} from './auth/choose-verifier.ts'
import { createProofVerifier, dpopAlgorithms, type ReplayStore } from './auth/dpop.ts'
import { createDpopNonces } from './auth/dpop-nonces.ts'
import { createGate, type GateOptions, type GateRequest } from './auth/gate.ts'
import { assertGuarded, type GuardedServerOptions, guardServers } from './auth/guarded-server.ts'
import { createIssuerHealth, type IssuerProblem } from './auth/issuer-health.ts'
import { createMemoryReplayStore } from './auth/memory-replay-store.ts'
import { createProtectedResourceMetadata, metadataUrl } from './auth/protected-resource-metadata.ts'
import { assertScope } from './auth/scope-token.ts'
import { wireScopes } from './auth/wire-scopes.ts'
import { withCors } from './cors.ts'

/** How to protect an MCP server. `issuer` and `resource` are compared byte for byte, and `resource` has a path. */
export interface ProtectOptions
  extends Partial<VerifierOptions>,
    Pick<CachingOptions, 'onValidation'>,
    GuardedServerOptions,
    Pick<
      GateOptions,
      | 'limit'
      | 'scopeTemplate'
      | 'challengeInResult'
      | 'onDecision'
      | 'anonymousStreams'
      | 'allAnonymousStreams'
      | 'anonymousStreamSeconds'
      | 'callerStreams'
      | 'allCallerStreams'
      | 'bodies'
    > {
  /** The authorization server. */
  readonly issuer: string
  /** The URL that MCP clients connect to: the RFC 8707 resource that tokens are for. */
  readonly resource: string
  /** The scopes of this server, for its metadata. */
  readonly scopes: readonly string[]
  /** What people call this server. */
  readonly name?: string
  /** The longest time for which a good token is believed, in seconds. Default 10. */
  readonly cacheSeconds?: number
  /** Whether tokens must be bound to a key (RFC 9449). Default `allowed`: bearer tokens are accepted as well. */
  readonly dpop?: 'allowed' | 'required'
  /** Remembers DPoP proofs. Default: this process's memory, which is right for a single replica. */
  readonly replayStore?: ReplayStore
  /** When given, DPoP proofs need a nonce made with it. All replicas share it. */
  readonly dpopNonceKey?: string
  /** Host names, besides the resource's own, whose pages may send requests here. Default none; loopback for a loopback resource. */
  readonly allowedOrigins?: readonly string[]
  /** Told when the issuer can no longer be asked about tokens, and with `undefined` when it can again. */
  readonly onIssuer?: (problem: IssuerProblem | undefined) => void
  /** Told about errors that the MCP SDK reports, and about what was refused because it has no guard. */
  readonly onerror?: (error: Error) => void
  /** Milliseconds of a clock that never steps back, for what lasts a while. Default: `now` if given, else the process's. */
  readonly steadyNow?: () => number
}

/** An MCP server behind its gate, for any runtime. */
export interface ProtectedMcp {
  /** True for the paths that belong to it: the endpoint and its metadata. */
  owns(pathname: string): boolean
  /** The URL that MCP clients connect to. */
  readonly resource: string
  /** Scheme, host and port of the resource. */
  readonly origin: string
  /** Serves a request. Its body is read when the caller is known, or is there already as bytes. */
  handle(incoming: GateRequest): Promise<Response>
  /** Serves a web-standard request (Workers, Deno, Bun, Hono's `c.req.raw`). */
  fetch(request: Request, connection?: { readonly address?: string }): Promise<Response>
  /** How tokens are validated, and why. @throws AuthorityUnavailable while the issuer cannot be asked */
  validation(): Promise<Choice>
  /** How tokens are validated, once it is known. */
  readonly validationMode: ValidationMode | undefined
  /** Why the issuer cannot be asked about tokens at the moment; `undefined` while it can. Cheap to call often. */
  issuerProblem(): Promise<IssuerProblem | undefined>
  /** The host names under which this server may be asked. */
  readonly hosts: readonly string[]
  readonly statistics: Readonly<CacheStatistics>
  /** Ends the open streams: new ones can still be opened, and calls go on. */
  endStreams(): void
  /** Ends everything that is still open. */
  close(): Promise<void>
}

/**
 * Puts the gate before an MCP server.
 * @param factory makes the server for each request, as `createMcpHandler` of the MCP SDK takes it
 * @throws UnguardedToolError when something in the server does not say who may use it
 * @throws TypeError when a scope is not a scope-token (RFC 6749 §3.3), or the factory returns no `McpServer`
 */
export async function protectMcp(factory: McpServerFactory, options: ProtectOptions): Promise<ProtectedMcp> {
  const { issuer, resource, scopes, dpop = 'allowed', now = Date.now } = options
  const steady = options.steadyNow ?? options.now ?? steadyNow
  for (const scope of scopes) assertScope(scope)
  const knownTools = await assertGuarded(factory, resource, options)
  const handler = createMcpHandler(
    guardServers(factory, options),
    options.onerror ? { onerror: options.onerror } : {},
  )

  const chosen = chooseVerifier({ mode: 'auto', acceptedAudiences: [resource], ...options })
  const { cacheSeconds = 10 } = options
  const health = createIssuerHealth(chosen, { ...(options.onIssuer && { onChange: options.onIssuer }) })
  const verifier = createCachingVerifier(health.verifier, {
    ttlSeconds: cacheSeconds,
    ...(options.onValidation && { onValidation: options.onValidation }),
    now,
    steadyNow: steady,
  })
  const verifyProof = createProofVerifier({
    resource,
    replayStore: options.replayStore ?? createMemoryReplayStore({ now: steady }),
    ...(options.dpopNonceKey !== undefined && { nonces: createDpopNonces(options.dpopNonceKey, now) }),
    now,
  })
  const gate = createGate({
    ...options,
    handler,
    authenticate: createAuthenticator({ verifier, verifyProof, dpopRequired: dpop === 'required' }),
    verifier,
    streamCheckSeconds: Math.max(cacheSeconds, 1),
    knownTools,
    resourceMetadataUrl: metadataUrl(resource),
    scopesSupported: scopes,
  })

  const { origin, host, hostname, pathname: endpoint } = new URL(resource)
  const wellKnown = '/.well-known/oauth-protected-resource'
  const metadataPaths = [wellKnown, wellKnown + endpoint]
  const endpointPaths = [endpoint, `${endpoint}/`]
  const metadata = JSON.stringify(
    createProtectedResourceMetadata({
      resource,
      issuer,
      scopes: wireScopes(scopes, options.scopeTemplate),
      name: options.name ?? hostname,
      dpopAlgorithms,
      dpopRequired: dpop === 'required',
    }),
  )
  const hosts = loopbackNames.includes(hostname) ? loopbackNames : [hostname]
  const origins = [...hosts, ...(options.allowedOrigins ?? [])]

  async function handle(incoming: GateRequest): Promise<Response> {
    const response = await route(incoming)
    const { body } = incoming
    // Whatever follows on this connection would be taken for the rest of the body.
    if (!(body instanceof Uint8Array) && !body.complete) response.headers.set('connection', 'close')
    return response
  }

  async function route(incoming: GateRequest): Promise<Response> {
    const { request, address } = incoming
    const refuse = (denial: RequestRefusal, response?: Response): Response => {
      options.onDecision?.({ request, address, messages: [], denial })
      if (response) return response
      const challenge = toChallenge(denial, { scheme: 'Bearer', resourceMetadataUrl: metadataUrl(resource) })
      return challengeResponse(challenge, null)
    }
    const foreignHost =
      request.headers.get('host') === host ? undefined : hostHeaderValidationResponse(request, hosts)
    if (foreignHost) return refuse({ kind: 'foreign_host' }, foreignHost)
    const foreignOrigin = originValidationResponse(request, origins)
    if (foreignOrigin) return refuse({ kind: 'foreign_origin' }, foreignOrigin)
    const { pathname } = new URL(request.url)
    if (metadataPaths.includes(pathname)) {
      const { method } = request
      if (!['GET', 'HEAD', 'OPTIONS'].includes(method)) refuse({ kind: 'method_not_allowed' })
      return withCors(request, 'GET', () => metadataResponse(request))
    }
    if (endpointPaths.includes(pathname)) return withCors(request, 'POST', () => gate.handle(incoming))
    return refuse({ kind: 'not_found' }, new Response('Not found\n', { status: 404 }))
  }

  function metadataResponse({ method }: Request): Response {
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, OPTIONS' } })
    return new Response(metadata, { headers: { 'content-type': 'application/json' } })
  }

  return {
    resource,
    origin,
    handle,
    owns: (pathname) => endpointPaths.includes(pathname) || metadataPaths.includes(pathname),
    fetch: (request, { address = 'unknown' } = {}) => handle({ request, body: webBody(request), address }),
    validation: () => chosen.choice(),
    issuerProblem: health.problem,
    get validationMode() {
      return chosen.chosen?.mode
    },
    hosts,
    statistics: verifier.statistics,
    endStreams: () => gate.endStreams(),
    close: () => handler.close(),
  }
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']
