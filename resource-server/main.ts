import process from 'node:process'
import { ConfigError, loadConfig } from '../config/index.ts'
import { renewCertificate } from '../runtime/certificate.ts'
import { createHttpServer } from '../runtime/http-server.ts'
import { ListenError, listen } from '../runtime/listen.ts'
import { createLogger } from '../runtime/logger.ts'
import { createOperationsServer, listenForOperations } from '../runtime/operations-server.ts'
import { stop, stopOnSignal } from '../runtime/shutdown.ts'
import { UsageError } from '../runtime/usage-error.ts'
import { widthOf } from '../runtime/wrap.ts'
import { createResourceServer } from './app.ts'
import { loadBanner } from './banner.ts'
import { loadIntrospectionClient } from './introspection-client.ts'
import { openSharedState, SharedStateError } from './state/shared-state.ts'
import { serveStdio } from './stdio.ts'

const help = `Usage: npm run mcp [-- --stdio]

Serves MCP over HTTP, or with --stdio over standard input and output with the access token in ACCESS_TOKEN.
Settings come from the environment: the README lists them.
`

/** How often streams are ended that were opened during a stop, in milliseconds. */
const streamsEndMs = 200

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return void process.stdout.write(help)
  const unknown = args.find((arg) => arg !== '--stdio')
  if (unknown !== undefined) throw new UsageError(`${unknown} is no option of this program.`, help)

  const config = loadConfig(process.env, 'resource-server')
  const logger = createLogger('mcp', config.logLevel)
  const client = await loadIntrospectionClient(config)
  const state = await openSharedState(config.replayStore, {
    onerror: (error) => logger.error({ err: error }, 'the replay store cannot be reached'),
  })
  const { app, mcp, metrics } = await createResourceServer(config, { logger, state, client })
  if (args.includes('--stdio')) {
    await serveStdio(mcp, {
      input: process.stdin,
      output: process.stdout,
      ...(config.accessToken !== undefined && { accessToken: config.accessToken }),
    })
    await state.close()
    return
  }

  const stopping = new AbortController()
  const operations = createOperationsServer({
    metrics: metrics.text,
    ready: state.check,
    impairment: mcp.issuerProblem,
    impairedIsReady: !config.readyNeedsIssuer,
    stopping: stopping.signal,
  })
  await listenForOperations(operations, config)
  const server = createHttpServer(app.callback(), config, metrics.connectionRefused)
  renewCertificate(server, config, logger)
  await listen(server, config)
  let streamsEnd: NodeJS.Timeout | undefined
  stopOnSignal(server, {
    underNpm: process.env.npm_lifecycle_event !== undefined,
    delaySeconds: config.stopDelaySeconds,
    announce: () => stopping.abort(),
    begin() {
      stopping.abort()
      mcp.endStreams()
      // A connection that is still open may ask for another one.
      streamsEnd = setInterval(mcp.endStreams, streamsEndMs)
    },
    end: async () => {
      clearInterval(streamsEnd)
      await mcp.close()
      await stop(operations)
      await state.close()
    },
  })
  const width = widthOf(process.stdout)
  process.stdout.write(await loadBanner(mcp, { config, env: process.env, client, width }))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const expected = [UsageError, ConfigError, ListenError, SharedStateError].some(
    (kind) => error instanceof kind,
  )
  if (!(error instanceof Error) || !expected) throw error
  process.stderr.write(`${error.message}\n`)
  // What was opened already must not keep the process alive.
  process.exit(error instanceof ConfigError || error instanceof UsageError ? 2 : 1)
}
