import { lifetimes } from './lifetimes.ts'
import type { Storage } from './storage/storage.ts'
import { createAdapterFactory } from './storage/storage-adapter.ts'

/** How many unused clients are kept, of all that registered themselves. */
export const defaultMaxUnusedClients = 10_000

/** The registered clients that have not been used yet, oldest first, across all replicas. */
export interface UnusedClients {
  /**
   * Adds a client, and drops the one that it takes the place of, unless that has been used meanwhile. Costs a few
   * reads and writes, however many there are.
   * @returns the client that was dropped
   */
  add(clientId: string): Promise<string | undefined>
  /** Keeps a client from being dropped: a user has let it in. */
  markUsed(clientId: string): Promise<void>
}

const ttlMs = lifetimes.unusedClient * 1000

/** @param max how many are kept */
export function createUnusedClients(storage: Storage, max = defaultMaxUnusedClients): UnusedClients {
  // Numbers the registrations of a day, atomically: it refuses none.
  const counter = storage.createLimiter('registration-places', {
    points: Number.MAX_SAFE_INTEGER,
    seconds: lifetimes.unusedClient,
  })
  const clients = createAdapterFactory(storage)('Client')
  // A mark lives as long as a place does, and is set later.
  const usedKey = (clientId: string) => `ClientConsent:${clientId}`

  async function isUsed(clientId: string): Promise<boolean> {
    const marks = await Promise.all(
      [usedKey(clientId), `ClientUse:${clientId}`].map((key) => storage.get(key)),
    )
    return marks.some((mark) => mark !== undefined)
  }

  async function drop(clientId: string): Promise<boolean> {
    if (await isUsed(clientId)) return false
    const payload = await clients.find(clientId)
    if (!payload) return false
    await clients.destroy(clientId)
    if (!(await isUsed(clientId))) return true
    await clients.upsert(clientId, payload, lifetimes.idleClient)
    return false
  }

  return {
    async add(clientId) {
      const { consumedPoints } = await counter.consume('all')
      const place = `UnusedClient:${consumedPoints % max}`
      const before = await storage.get<string>(place)
      await storage.set(place, clientId, ttlMs)
      return before !== undefined && (await drop(before)) ? before : undefined
    },
    markUsed: (clientId) => storage.set(usedKey(clientId), true, ttlMs),
  }
}
