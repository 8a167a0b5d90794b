import { createServer } from 'node:http'
import process from 'node:process'
import { Provider } from 'oidc-provider'
import { loadConfig } from '../../config/index.ts'
import { createConnections } from '../../provider/account/connections.ts'
import { createLastUses } from '../../provider/account/last-uses.ts'
import { createKeyRing, keysOf } from '../../provider/keys/key-ring.ts'
import { oidcConfiguration } from '../../provider/oidc-configuration.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { createAddressOf } from '../../runtime/address-of.ts'
import { listen } from '../../runtime/listen.ts'
import { createLogger } from '../../runtime/logger.ts'
import { manyAccounts } from './many-accounts.ts'

// oidc-provider with this project's configuration, and with what it brings itself for the rest: its adapter
// (an LRU of 1,000 entries) and its login and consent pages, which look at no password. No middleware, no log.

const config = loadConfig(process.env, 'provider')
const storage = await openStorage('memory:')
const logger = createLogger('provider', 'silent')
const parts = {
  config,
  logger,
  accounts: manyAccounts,
  storage,
  connections: createConnections(storage),
  lastUses: createLastUses({ storage, logger }),
  fetch,
  audit: () => {},
  addressOf: createAddressOf([]),
}
const keys = keysOf(await createKeyRing(Date.now()))
const {
  adapter: _,
  interactions: __,
  loadExistingGrant: ___,
  ...configuration
} = oidcConfiguration(parts, keys)
const provider = new Provider(config.issuer, {
  ...configuration,
  features: { ...configuration.features, devInteractions: { enabled: true } },
})
await listen(createServer(provider.callback()), config)
