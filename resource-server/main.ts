import { createServer } from 'node:http'
import process from 'node:process'
import { ConfigError, loadConfig } from '../config/index.ts'
import { ListenError, listen } from '../runtime/listen.ts'
import { createLogger } from '../runtime/logger.ts'
import { stopOnSignal } from '../runtime/shutdown.ts'
import { createResourceServer } from './app.ts'

try {
  const config = loadConfig(process.env, 'resource-server')
  const logger = createLogger('mcp', config.logLevel)
  const { app, close } = createResourceServer(config, { logger })
  const server = createServer(app.callback())
  await listen(server, config)
  stopOnSignal(server, close)
  process.stdout.write(`Gatehouse MCP server
  endpoint    ${config.resource}
  page        ${new URL(config.resource).origin}/
  issuer      ${config.issuer}
  validation  introspection as ${config.resourceClient.id}, believed for ${config.introspectionCacheSeconds} s
Ctrl-C stops it. Next, in another terminal: npm run client
`)
} catch (error) {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
  if (error instanceof ListenError) {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
  throw error
}
