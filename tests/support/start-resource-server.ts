import type { IncomingMessage } from 'node:http'
import { type Config, loadConfig } from '../../config/index.ts'
import { createResourceServer } from '../../resource-server/app.ts'
import { loadIntrospectionClient } from '../../resource-server/introspection-client.ts'
import type { Metrics } from '../../resource-server/observability/metrics.ts'
import type { ProtectedMcp } from '../../resource-server/protect.ts'
import { openSharedState } from '../../resource-server/state/shared-state.ts'
import { createLogger, type Logger } from '../../runtime/logger.ts'
import { openServer, type TestServer } from './http-server.ts'

/** A running MCP server. */
export interface RunningResourceServer {
  /** The MCP endpoint, which is also the RFC 8707 resource. */
  readonly resource: string
  readonly origin: string
  readonly config: Config
  readonly mcp: ProtectedMcp
  readonly metrics: Metrics
  /** Tells of each request from now on. */
  onRequest(listener: (request: IncomingMessage) => void): void
  stop(): Promise<void>
}

/**
 * Starts the MCP server in this process, on a free port.
 * @param env further environment variables
 * @param at where to serve, when its port had to be known before. Default: on a port of its own
 * @param now Unix milliseconds
 * @param steadyNow milliseconds of a clock that never steps back. Default: `now`
 */
export async function startResourceServer(options: {
  readonly issuer: string
  readonly env?: Readonly<Record<string, string>>
  readonly at?: TestServer
  readonly now?: () => number
  readonly steadyNow?: () => number
  readonly logger?: Logger
}): Promise<RunningResourceServer> {
  const { server, origin, close } = options.at ?? (await openServer())
  const resource = `${origin}/mcp`
  const config = loadConfig({ ISSUER: options.issuer, RESOURCE: resource, ...options.env }, 'resource-server')
  const state = await openSharedState(config.replayStore, options.now ? { now: options.now } : {})
  const { app, mcp, metrics } = await createResourceServer(config, {
    logger: options.logger ?? createLogger('test', 'silent'),
    state,
    client: await loadIntrospectionClient(config),
    ...(options.now && { now: options.now }),
    ...(options.steadyNow && { steadyNow: options.steadyNow }),
  })
  server.on('request', app.callback())
  return {
    resource,
    origin,
    config,
    mcp,
    metrics,
    onRequest: (listener) => void server.on('request', listener),
    async stop() {
      await mcp.close()
      await close()
      await state.close()
    },
  }
}
