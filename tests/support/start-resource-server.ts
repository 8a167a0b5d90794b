import { type Config, loadConfig } from '../../config/index.ts'
import { createResourceServer } from '../../resource-server/app.ts'
import { createLogger, type Logger } from '../../runtime/logger.ts'
import { openServer } from './http-server.ts'

/** A running MCP server. */
export interface RunningResourceServer {
  /** The MCP endpoint, which is also the RFC 8707 resource. */
  readonly resource: string
  readonly origin: string
  readonly config: Config
  stop(): Promise<void>
}

/**
 * Starts the MCP server in this process, on a free port.
 * @param env further environment variables
 * @param now Unix milliseconds
 */
export async function startResourceServer(options: {
  readonly issuer: string
  readonly env?: Readonly<Record<string, string>>
  readonly now?: () => number
  readonly logger?: Logger
}): Promise<RunningResourceServer> {
  const { server, origin, close } = await openServer()
  const resource = `${origin}/mcp`
  const config = loadConfig({ ISSUER: options.issuer, RESOURCE: resource, ...options.env }, 'resource-server')
  const { app, close: closeStreams } = createResourceServer(config, {
    logger: options.logger ?? createLogger('test', 'silent'),
    ...(options.now && { now: options.now }),
  })
  server.on('request', app.callback())
  return {
    resource,
    origin,
    config,
    async stop() {
      await closeStreams()
      await close()
    },
  }
}
