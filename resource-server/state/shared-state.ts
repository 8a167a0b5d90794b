import type { RateLimit, RateLimiter } from '../../runtime/rate-limiter.ts'
import { storePlace } from '../../runtime/store-place.ts'
import { storeTrouble } from '../../runtime/store-trouble.ts'
import type { ReplayStore } from '../auth/dpop.ts'

/** What the replicas of this server share: used DPoP proofs, and counts of requests. Never a token. */
export interface SharedState {
  readonly replayStore: ReplayStore
  /** @param name keeps the counts of different limits apart */
  createRateLimiter(name: string, limit: RateLimit): RateLimiter
  /** Resolves when the state takes what this server writes. @throws SharedStateError saying why it does not */
  check(): Promise<void>
  close(): Promise<void>
}

/** The shared state cannot be used. One line; the URL, which may hold a password, is not in it. */
export class SharedStateError extends Error {
  override readonly name = 'SharedStateError'
}

/**
 * Opens the shared state.
 * @param url `memory:`, `redis://`, `rediss://`, `valkey://`, `redis+sentinel://` or `postgres://`
 * @param now Unix milliseconds, for `memory:`
 * @param onerror told about lost connections; they are opened again
 * @throws SharedStateError
 */
export async function openSharedState(
  url: string,
  { now = Date.now, onerror = () => {} }: { now?: () => number; onerror?: (error: Error) => void } = {},
): Promise<SharedState> {
  const failure = (problem: string) => (cause: unknown) => {
    throw new SharedStateError(`REPLAY_STORE: ${problem} (${storeTrouble(cause)}).`, { cause })
  }
  const unusable = failure(`${storePlace(url)} cannot be used`)
  const state = await open(url, now, onerror).catch(unusable)
  await state.check().catch(async (cause) => {
    await state.close()
    unusable(cause)
  })
  return { ...state, check: () => state.check().catch(failure('it refuses what this server writes')) }
}

async function open(url: string, now: () => number, onerror: (error: Error) => void): Promise<SharedState> {
  const scheme = url.slice(0, url.indexOf(':') + 1)
  switch (scheme) {
    case 'memory:':
      return (await import('./memory-state.ts')).openMemoryState(now)
    case 'redis:':
    case 'rediss:':
    case 'valkey:':
    case 'redis+sentinel:':
    case 'rediss+sentinel:':
    case 'valkey+sentinel:':
      return (await import('./redis-state.ts')).openRedisState(url, onerror)
    case 'postgres:':
    case 'postgresql:':
      return (await import('./postgres-state.ts')).openPostgresState(url, onerror)
    default:
      throw new TypeError(`No shared state is kept in ${scheme}`)
  }
}
