import { describe, expect, it } from '@jest/globals'
import { loadConfig, testAccounts } from '../../config/index.ts'
import { createConnections } from '../../provider/account/connections.ts'
import { createLastUses } from '../../provider/account/last-uses.ts'
import { createAccounts } from '../../provider/accounts/accounts.ts'
import { createKeyRing, keysOf } from '../../provider/keys/key-ring.ts'
import { oidcConfiguration } from '../../provider/oidc-configuration.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { createLogger } from '../../runtime/logger.ts'

const configure = async (env: Record<string, string> = {}) => {
  const config = loadConfig(env, 'provider')
  const storage = await openStorage('memory:')
  const logger = createLogger('provider', 'silent')
  return oidcConfiguration(
    {
      config,
      logger,
      accounts: createAccounts(testAccounts),
      storage,
      connections: createConnections(storage),
      lastUses: createLastUses({ storage, logger }),
      fetch,
      audit: () => {},
      addressOf: () => '127.0.0.1',
    },
    keysOf(await createKeyRing(Date.now())),
  )
}

describe('oidcConfiguration', () => {
  it('sends cookies over https only when the issuer is https', async () => {
    expect((await configure()).cookies).toMatchObject({ long: { secure: false }, short: { secure: false } })
    const secured = await configure({ ISSUER: 'https://localhost:9000', TRUST_PROXY: 'loopback' })
    expect(secured.cookies).toMatchObject({ long: { secure: true }, short: { secure: true } })
  })
})
