import type { Grant, Provider } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import { lifetimes } from '../lifetimes.ts'
import { type GrantableScope, grantableScopes } from '../scope-descriptions.ts'
import { endGrant } from '../storage/grant-end.ts'
import type { Storage } from '../storage/storage.ts'
import type { Connection, Connections } from './connections.ts'
import type { LastUse, LastUses } from './last-uses.ts'

/** An application that has access at the moment. Times in Unix seconds. */
export interface ConnectedApplication {
  readonly connection: Connection
  readonly scopes: readonly GrantableScope[]
  /** How many sign-ins the access stands on: one for each device, usually. */
  readonly signIns: number
  readonly connectedAt: number
  readonly lastUsedAt: number
  /** When access ends if the application is not used any more. */
  readonly accessUntil: number
}

/** What is needed to find and to end what applications may do. */
export interface ApplicationsParts {
  readonly config: Pick<Config, 'resource'>
  readonly provider: Provider
  readonly storage: Storage
  readonly connections: Connections
  readonly lastUses: LastUses
}

interface Access {
  readonly scopes: readonly string[]
  readonly connectedAt: number
  readonly lastUsedAt: number
  readonly accessUntil: number
}

/**
 * Lists what has access to an account, the last used first.
 * @param now Unix seconds
 */
export async function listApplications(
  parts: ApplicationsParts,
  accountId: string,
  now: number,
): Promise<readonly ConnectedApplication[]> {
  const connections = await parts.connections.list(accountId)
  const applications = await Promise.all(
    connections.map(async (connection) => {
      const grantIds = await parts.connections.grantIds(accountId, connection.clientId)
      const accesses = await Promise.all(grantIds.map((grantId) => findAccess(parts, grantId)))
      return summarise(
        connection,
        accesses.filter((access) => access !== undefined && access.accessUntil > now) as Access[],
      )
    }),
  )
  return applications
    .filter((application) => application !== undefined)
    .sort((one, other) => other.lastUsedAt - one.lastUsedAt)
}

/** Ends all access of an application, on all devices, and forgets what was chosen for it. */
export async function disconnectApplication(
  { storage, connections, lastUses }: Pick<ApplicationsParts, 'storage' | 'connections' | 'lastUses'>,
  accountId: string,
  clientId: string,
): Promise<void> {
  for (const grantId of await connections.grantIds(accountId, clientId)) {
    await endGrant(storage, grantId)
    // Forgotten last: whatever fails before this is found again by the next attempt.
    await lastUses.remove(grantId)
    await connections.removeGrant(accountId, clientId, grantId)
  }
  await connections.remove(accountId, clientId)
}

async function findAccess(
  { config, provider, lastUses }: ApplicationsParts,
  grantId: string,
): Promise<Access | undefined> {
  const [grant, use] = await Promise.all([provider.Grant.find(grantId), lastUses.find(grantId)])
  if (!grant) return undefined
  const scopes = `${grant.getResourceScope(config.resource)} ${grant.getOIDCScope()}`.split(' ')
  return {
    scopes,
    connectedAt: grant.iat,
    lastUsedAt: use?.usedAt ?? grant.iat,
    accessUntil: scopes.includes('offline_access')
      ? endOfRenewal(grant, use)
      : (use?.accessUntil ?? grant.iat + lifetimes.accessToken),
  }
}

function endOfRenewal(grant: Grant, use: LastUse | undefined): number {
  const idle = (use?.usedAt ?? grant.iat) + lifetimes.refreshTokenIdle
  return Math.min(idle, grant.iat + lifetimes.refreshTokenAbsolute)
}

function summarise(connection: Connection, accesses: readonly Access[]): ConnectedApplication | undefined {
  if (accesses.length === 0) return undefined
  const scopes = new Set(accesses.flatMap((access) => access.scopes))
  return {
    connection,
    scopes: grantableScopes.filter((scope) => scopes.has(scope)),
    signIns: accesses.length,
    connectedAt: Math.min(...accesses.map(({ connectedAt }) => connectedAt)),
    lastUsedAt: Math.max(...accesses.map(({ lastUsedAt }) => lastUsedAt)),
    accessUntil: Math.max(...accesses.map(({ accessUntil }) => accessUntil)),
  }
}
