import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Config, loadConfig } from '../../config/index.ts'
import { type AuthorizationServer, createProvider, type ProviderOptions } from '../../provider/app.ts'
import { listen } from '../../runtime/listen.ts'
import { createLogger } from '../../runtime/logger.ts'
import { stop } from '../../runtime/shutdown.ts'

/** A provider of this test's own, on a free port. */
export interface RunningProvider {
  readonly issuer: string
  readonly config: Config
  readonly server: AuthorizationServer
  stop(): Promise<void>
}

/** What a test changes about the provider. */
export interface StartProviderOptions extends Partial<ProviderOptions> {
  readonly resource?: string
  readonly env?: Readonly<Record<string, string>>
  /** Sees each request first, and may hold it up. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void
}

/** Starts the real provider. It listens before it is built, because the issuer contains the port. */
export async function startProvider(options: StartProviderOptions = {}): Promise<RunningProvider> {
  const { resource = 'http://localhost:8000/mcp', env = {}, before, ...providerOptions } = options
  const http = createServer()
  const port = await listen(http, { host: '127.0.0.1', port: 0 })
  const issuer = `http://localhost:${port}`
  // All requests of a test come from one address.
  const defaults = {
    ISSUER: issuer,
    RESOURCE: resource,
    LOG_LEVEL: 'silent',
    RATE_LIMIT_ANONYMOUS: '1000000',
  }
  const config = loadConfig({ ...defaults, ...env }, 'provider')
  const logger = createLogger('provider', config.logLevel)
  const server = await createProvider(config, { logger, ...providerOptions }).catch(async (error) => {
    await stop(http, 0)
    throw error
  })
  http.on('request', async (req, res) => {
    await before?.(req, res)
    server.listener(req, res)
  })
  return { issuer, config, server, stop: () => stop(http, 0).then(() => server.close()) }
}
