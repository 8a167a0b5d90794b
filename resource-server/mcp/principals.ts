import type { Caller } from './caller.ts'

/** Someone who has called with a valid token since this server started. */
export interface Principal {
  readonly issuer: string
  readonly subject: string
  readonly username?: string
  readonly clients: readonly string[]
  /** RFC 3339. */
  readonly firstSeen: string
  /** RFC 3339. */
  readonly lastSeen: string
  readonly requests: number
}

/** The principals that this server has seen. It keeps no user database: the issuer does. */
export interface Principals {
  saw(caller: Caller): void
  list(): readonly Principal[]
}

interface Sighting {
  caller: Caller
  readonly clients: Set<string>
  readonly firstSeen: number
  lastSeen: number
  requests: number
}

/**
 * @param now Unix milliseconds
 * @param max how many are remembered; beyond that the one not seen for longest is forgotten
 */
export function createPrincipals({ now = Date.now, max = 1000 } = {}): Principals {
  const seen = new Map<string, Sighting>()
  return {
    saw(caller) {
      const key = JSON.stringify([caller.issuer, caller.subject])
      const time = now()
      const sighting = seen.get(key) ?? {
        caller,
        clients: new Set(),
        firstSeen: time,
        lastSeen: time,
        requests: 0,
      }
      sighting.caller = caller
      sighting.lastSeen = time
      sighting.requests += 1
      sighting.clients.add(caller.clientId)
      seen.delete(key)
      seen.set(key, sighting)
      if (seen.size > max) seen.delete(seen.keys().next().value as string)
    },
    list: () =>
      [...seen.values()].map(({ caller, clients, firstSeen, lastSeen, requests }) => ({
        issuer: caller.issuer,
        subject: caller.subject,
        ...(caller.username !== undefined && { username: caller.username }),
        clients: [...clients],
        firstSeen: new Date(firstSeen).toISOString(),
        lastSeen: new Date(lastSeen).toISOString(),
        requests,
      })),
  }
}
