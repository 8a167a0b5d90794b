import { randomBytes } from 'node:crypto'
import { loadConfig } from '../../../config/index.ts'
import { createAdminApi } from '../../../keycloak/admin-api.ts'
import { findDistribution } from '../../../keycloak/distribution.ts'
import { importRealm, loadRealm } from '../../../keycloak/realm.ts'
import { type RunningKeycloak, startKeycloak } from '../../../keycloak/start-keycloak.ts'
import type { StartedIdentityProvider, StartOptions } from '../identity-provider.ts'

/** Starts the Keycloak that `npm run keycloak` would start, with its database in a file. */
export async function startIdentityProvider(options: StartOptions): Promise<StartedIdentityProvider> {
  const { resource, folder, findPort, env, tell, signal } = options
  const port = await findPort()
  const origin = `http://localhost:${port}`
  const admin = { username: 'admin', password: randomBytes(12).toString('base64url') }
  const distribution = await findDistribution({ env, tell })
  let keycloak: RunningKeycloak | undefined

  async function start(): Promise<void> {
    const startedAt = performance.now()
    keycloak = await startKeycloak({ distribution, port, admin, folder, env, signal })
    tell(
      `Keycloak from ${distribution.origin} is up: ${Math.round((performance.now() - startedAt) / 1000)} s`,
    )
  }

  await start()
  const stop = async () => await keycloak?.stop()
  try {
    const config = loadConfig({ ISSUER: `${origin}/realms/gatehouse`, RESOURCE: resource }, 'resource-server')
    await importRealm(createAdminApi(origin, admin), await loadRealm(config))
  } catch (error) {
    await stop()
    throw error
  }
  return { facts: { origin, admin }, start, stop }
}
