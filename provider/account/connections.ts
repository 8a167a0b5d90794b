import { lifetimes } from '../lifetimes.ts'
import type { Storage } from '../storage/storage.ts'

/** An application and an account that have met: how it presented itself, and what the user chose. */
export interface Connection {
  readonly clientId: string
  /** As at the latest consent. Untrusted text, unless the client is verified. */
  readonly clientName: string
  /** Where the latest answer went. Absent for a device, which fetches its answer itself. */
  readonly redirectUri?: string
  /** The latest answer to each scope that was ever asked for: granted, or left out. */
  readonly choices: Readonly<Record<string, boolean>>
  /** The grant of the latest consent. It may have ended since. */
  readonly grantId: string
}

/**
 * What every account has allowed, across all its browsers. Each consent is a grant of its own: what was
 * issued earlier stands on an earlier grant, and neither gains nor loses anything by a later answer.
 * The grants themselves are oidc-provider's; this is how they are found again.
 */
export interface Connections {
  find(accountId: string, clientId: string): Promise<Connection | undefined>
  /**
   * Writes down a consent. To be called before anything is issued, so that nothing is missing from the list.
   * @param grantSeconds how long its grant lives
   */
  add(accountId: string, connection: Connection, grantSeconds: number): Promise<void>
  list(accountId: string): Promise<readonly Connection[]>
  /** The grants of a connection, those that have ended included. */
  grantIds(accountId: string, clientId: string): Promise<readonly string[]>
  /** Forgets one grant. */
  removeGrant(accountId: string, clientId: string, grantId: string): Promise<void>
  /** Forgets the application and what was chosen. */
  remove(accountId: string, clientId: string): Promise<void>
}

const rememberedMs = lifetimes.grant * 1000

export function createConnections(storage: Storage): Connections {
  const find = (accountId: string, clientId: string) =>
    storage.get<Connection>(connectionKey(accountId, clientId))
  return {
    find,
    async add(accountId, connection, grantSeconds) {
      const { clientId, grantId } = connection
      await Promise.all([
        storage.set(connectionKey(accountId, clientId), connection, rememberedMs),
        storage.addMember(clientsKey(accountId), clientId, rememberedMs),
        storage.addMember(grantsKey(accountId, clientId), grantId, grantSeconds * 1000),
      ])
    },
    async list(accountId) {
      const clientIds = await storage.members(clientsKey(accountId))
      const connections = await Promise.all(clientIds.map((clientId) => find(accountId, clientId)))
      return connections.filter((connection) => connection !== undefined)
    },
    grantIds: (accountId, clientId) => storage.members(grantsKey(accountId, clientId)),
    async removeGrant(accountId, clientId, grantId) {
      await storage.removeMember(grantsKey(accountId, clientId), grantId)
    },
    async remove(accountId, clientId) {
      await storage.delete(connectionKey(accountId, clientId))
      await storage.removeMember(clientsKey(accountId), clientId)
    },
  }
}

// Written as JSON: whatever the two contain, no other pair reads the same.
const pair = (accountId: string, clientId: string) => JSON.stringify([accountId, clientId])
const connectionKey = (accountId: string, clientId: string) => `Connection:${pair(accountId, clientId)}`
const grantsKey = (accountId: string, clientId: string) => `ConnectionGrants:${pair(accountId, clientId)}`
const clientsKey = (accountId: string) => `ConnectedClients:${accountId}`
