import Koa from 'koa'
import { type Config, resourceScopeNames } from '../config/index.ts'
import { createAddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import { withoutRepeatedErrors } from '../runtime/record-limit.ts'
import { securityHeaders } from '../runtime/security-headers.ts'
import { steadyNow } from '../runtime/steady-clock.ts'
import { toKoaMiddleware } from './adapters/koa.ts'
import type { Decision } from './auth/gate.ts'
import type { IntrospectionClient } from './auth/introspection.ts'
import { metadataUrl } from './auth/protected-resource-metadata.ts'
import { homePage } from './home-page.ts'
import { callerOf } from './mcp/caller.ts'
import { createDocuments } from './mcp/documents.ts'
import { createPrincipals } from './mcp/principals.ts'
import { createServerFactory, implementation } from './mcp/server.ts'
import { tools } from './mcp/tools/index.ts'
import { createAudit } from './observability/audit.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { createRemedies } from './observability/remedy.ts'
import { type ProtectedMcp, protectMcp } from './protect.ts'
import { createRequestLimit } from './request-limit.ts'
import { challengedInResult } from './result-challenges.ts'
import type { SharedState } from './state/shared-state.ts'

/** What the MCP server works with, besides its configuration. */
export interface ResourceServerDependencies {
  readonly logger: Logger
  /** What the replicas share. */
  readonly state: SharedState
  /** How this server authenticates to the issuer. */
  readonly client: IntrospectionClient
  /** Unix milliseconds. Default: the system's clock. */
  readonly now?: () => number
  /** Milliseconds of a clock that never steps back. Default: `now` if given, else the process's. */
  readonly steadyNow?: () => number
}

/** The MCP server, ready to be listened on. */
export interface ResourceServer {
  readonly app: Koa
  readonly mcp: ProtectedMcp
  readonly metrics: Metrics
}

/** Assembles the MCP server: the gate (auth/) before the tools (mcp/), and what is seen of both from outside. */
export async function createResourceServer(
  config: Config,
  dependencies: ResourceServerDependencies,
): Promise<ResourceServer> {
  const { issuer, resource } = config
  const { logger, state, client, now = Date.now } = dependencies
  const steady = dependencies.steadyNow ?? dependencies.now ?? steadyNow
  const startedAt = steady()
  const principals = createPrincipals({ now })
  const audit = createAudit(logger, createRemedies(config))
  let refusals = 0

  const metrics = createMetrics(
    tools.map(({ name }) => name),
    () => mcp.statistics,
  )
  const factory = createServerFactory({
    documents: createDocuments({ now }),
    principals,
    issuer,
    resource,
    status: () => ({
      uptimeSeconds: Math.floor((steady() - startedAt) / 1000),
      tokenValidation: mcp.validationMode ?? config.tokenValidation,
      cacheHits: mcp.statistics.hits,
      introspections: mcp.statistics.validations,
      refusals,
    }),
  })
  const mcp = await protectMcp(factory, {
    ...config,
    mode: config.tokenValidation,
    client,
    cacheSeconds: config.introspectionCacheSeconds,
    scopes: resourceScopeNames,
    scopeTemplate: config.idp.scopeTemplate,
    name: implementation.title,
    replayStore: state.replayStore,
    limit: createRequestLimit(state, config.rateLimit),
    challengeInResult: challengedInResult(config.challengeInResult),
    onDecision: observe,
    onValidation: metrics.validated,
    onIssuer(problem) {
      if (problem) logger.warn({ ...problem }, 'the issuer cannot be asked')
      else logger.info('the issuer can be asked again')
    },
    onerror: (error) => logger.debug({ err: error }, 'the protocol refused a request'),
    now,
    steadyNow: steady,
  })
  function observe(decision: Decision): void {
    const { denial, authInfo } = decision
    if (denial) refusals += 1
    if (authInfo) principals.saw(callerOf(authInfo))
    metrics.decided(decision)
    audit(decision)
  }

  const errors = withoutRepeatedErrors(logger)
  const addressOf = createAddressOf(config.trustProxy)
  const home = homePage(config, { metadataUrl: metadataUrl(resource), tools })

  const app = new Koa()
  app.on('error', (error) => errors.error({ err: error }, 'a request failed'))
  app.use(async (ctx, next) => {
    const ended = metrics.began()
    await next().finally(ended)
    // The rest of a body that nothing here reads would otherwise be thrown away for as long as it comes.
    if (ctx.respond !== false && !ctx.req.complete) ctx.set('Connection', 'close')
  })
  app.use(
    toKoaMiddleware(mcp, {
      addressOf,
      onerror: (error) => errors.error({ err: error }, 'a request failed'),
      overrideGlobalObjects: true,
    }),
  )
  app.use(securityHeaders())
  app.use((ctx) => {
    if (!mcp.hosts.includes(ctx.hostname.toLowerCase())) {
      ctx.status = 403
      return
    }
    if (ctx.path !== '/' || !['GET', 'HEAD'].includes(ctx.method)) return
    ctx.type = 'html'
    ctx.body = home
  })
  return { app, mcp, metrics }
}
