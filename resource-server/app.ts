import { createMcpHandler } from '@modelcontextprotocol/server'
import Koa from 'koa'
import { type Config, resourceScopeNames } from '../config/index.ts'
import type { Logger } from '../runtime/logger.ts'
import { securityHeaders } from '../runtime/security-headers.ts'
import { createCachingVerifier } from './auth/caching-verifier.ts'
import { createGate, type Decision } from './auth/gate.ts'
import { createIntrospectionVerifier } from './auth/introspection.ts'
import { createProtectedResourceMetadata, metadataUrl } from './auth/protected-resource-metadata.ts'
import { cors } from './cors.ts'
import { homePage } from './home-page.ts'
import { knownHostsOnly } from './known-hosts.ts'
import { callerOf } from './mcp/caller.ts'
import { createDocuments } from './mcp/documents.ts'
import { createPrincipals } from './mcp/principals.ts'
import { createServerFactory, implementation } from './mcp/server.ts'
import { tools } from './mcp/tools/index.ts'
import { mcpEndpoint } from './mcp-endpoint.ts'

/** The MCP server, ready to be listened on. */
export interface ResourceServer {
  readonly app: Koa
  /** Ends open streams. */
  close(): Promise<void>
}

/**
 * Assembles the MCP server: the gate (auth/) before the tools (mcp/), and the pages around them.
 * @param now Unix milliseconds
 */
export function createResourceServer(
  config: Config,
  { logger, now = Date.now }: { readonly logger: Logger; readonly now?: () => number },
): ResourceServer {
  const { issuer, resource } = config
  const startedAt = now()
  const principals = createPrincipals({ now })
  let refusals = 0

  const verifier = createCachingVerifier(
    createIntrospectionVerifier({
      issuer,
      resource,
      acceptedAudiences: config.acceptedAudiences,
      client: config.resourceClient,
      now,
    }),
    { ttlSeconds: config.introspectionCacheSeconds, now },
  )
  const handler = createMcpHandler(
    createServerFactory({
      documents: createDocuments({ now }),
      principals,
      issuer,
      resource,
      status: () => ({
        uptimeSeconds: Math.floor((now() - startedAt) / 1000),
        tokenValidation: 'introspection',
        cacheHits: verifier.statistics.hits,
        introspections: verifier.statistics.validations,
        refusals,
      }),
    }),
    { onerror: (error) => logger.debug({ err: error }, 'request refused by the protocol') },
  )
  const gate = createGate({
    handler,
    verifier,
    resourceMetadataUrl: metadataUrl(resource),
    scopesSupported: resourceScopeNames,
    onDecision: observe,
    now,
  })

  function observe({ denial, authInfo }: Decision): void {
    if (denial) refusals += 1
    if (authInfo) principals.saw(callerOf(authInfo))
    if (denial?.kind === 'unavailable')
      logger.error({ err: denial.cause }, 'the issuer cannot be asked about a token')
  }

  const metadata = createProtectedResourceMetadata({
    resource,
    issuer,
    scopes: resourceScopeNames,
    name: implementation.title,
  })
  const endpointPath = new URL(resource).pathname
  const wellKnown = '/.well-known/oauth-protected-resource'
  const home = homePage({ resource, issuer, metadataUrl: metadataUrl(resource), tools })

  const app = new Koa()
  app.on('error', (error) => logger.error({ err: error }, 'a request failed'))
  app.use(knownHostsOnly(resource))
  app.use(route([endpointPath, `${endpointPath}/`], cors('POST'), mcpEndpoint(gate, resource)))
  app.use(
    route([wellKnown, wellKnown + endpointPath], cors('GET'), (ctx) => {
      ctx.body = metadata
    }),
  )
  app.use(securityHeaders())
  app.use(
    route(['/'], (ctx) => {
      ctx.type = 'html'
      ctx.body = home
    }),
  )
  return { app, close: () => handler.close() }
}

/** Runs the middleware for these exact paths only. */
function route(paths: readonly string[], ...middleware: readonly Koa.Middleware[]): Koa.Middleware {
  return (ctx, next) => {
    if (!paths.includes(ctx.path)) return next()
    const run = (index: number): Promise<unknown> =>
      Promise.resolve(middleware[index]?.(ctx, () => run(index + 1)))
    return run(0)
  }
}
