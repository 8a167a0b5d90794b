import type { RateLimit, RateLimiter } from '../../runtime/rate-limiter.ts'
import { steadyNow } from '../../runtime/steady-clock.ts'
import { storeTrouble } from '../../runtime/store-trouble.ts'
import type { ReplayStore } from '../auth/dpop.ts'

/** What the replicas of this server share: used DPoP proofs, and counts of requests. Never a token. */
export interface SharedState {
  readonly replayStore: ReplayStore
  /** @param name keeps the counts of different limits apart */
  createRateLimiter(name: string, limit: RateLimit): RateLimiter
  /** Resolves when the state can be reached. @throws when it cannot */
  check(): Promise<void>
  close(): Promise<void>
}

/** The shared state cannot be reached at the start. One line; the URL, which may hold a password, is not in it. */
export class SharedStateError extends Error {
  override readonly name = 'SharedStateError'
}

/**
 * Opens the shared state.
 * @param url `memory:`, `redis://`, `rediss://`, `valkey://` or `postgres://`
 * @param now milliseconds of a clock that never steps back, for `memory:`
 * @param onerror told about lost connections; they are opened again
 * @throws SharedStateError
 */
export async function openSharedState(
  url: string,
  { now = steadyNow, onerror = () => {} }: { now?: () => number; onerror?: (error: Error) => void } = {},
): Promise<SharedState> {
  const { protocol, host } = new URL(url)
  try {
    return await open(url, now, onerror)
  } catch (cause) {
    const trouble = storeTrouble(cause)
    throw new SharedStateError(`REPLAY_STORE: ${protocol}//${host} cannot be used (${trouble}).`, { cause })
  }
}

async function open(url: string, now: () => number, onerror: (error: Error) => void): Promise<SharedState> {
  const scheme = new URL(url).protocol
  switch (scheme) {
    case 'memory:':
      return (await import('./memory-state.ts')).openMemoryState(now)
    case 'redis:':
    case 'rediss:':
    case 'valkey:':
      return (await import('./redis-state.ts')).openRedisState(url, onerror)
    case 'postgres:':
    case 'postgresql:':
      return (await import('./postgres-state.ts')).openPostgresState(url, onerror)
    default:
      throw new TypeError(`No shared state is kept in ${scheme}`)
  }
}
