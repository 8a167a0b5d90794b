import process from 'node:process'
import { loadConfig } from '../../config/index.ts'
import { createProvider } from '../../provider/app.ts'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { createLogger } from '../../runtime/logger.ts'
import { stopOnSignal } from '../../runtime/shutdown.ts'
import { manyAccounts } from './many-accounts.ts'

// What provider/main.ts starts, but for the passwords: hashing them would hide what else a login costs.

const config = loadConfig(process.env, 'provider')
const logger = createLogger('provider', config.logLevel)
const provider = await createProvider(config, { logger, accounts: manyAccounts })
const server = createHttpServer(provider.listener, config)
await listen(server, config)
stopOnSignal(server, { end: () => provider.close() })
