import { randomUUID } from 'node:crypto'
import type { RateLimiter } from '../../runtime/rate-limiter.ts'
import type { ReplayStore } from '../auth/dpop.ts'

/** When what a probe wrote expires, in seconds. */
const ttlSeconds = 5

/** What {@link probeWrites} counts with: one event of each key, and no fallback to this process. */
export const probeLimit = { points: 1, seconds: ttlSeconds }

/**
 * The one rule of readiness, for every kind of state: it is usable when it takes and returns what this server
 * writes. Adds a small key and counts it, because a server that answers a ping may still refuse writes.
 * @param counts of {@link probeLimit}
 * @throws what the state throws
 */
export async function probeWrites(replayStore: ReplayStore, counts: RateLimiter): Promise<void> {
  const key = `probe:${randomUUID()}`
  const [added, wait] = await Promise.all([replayStore.add(key, ttlSeconds), counts.count(key)])
  if (added && wait === undefined && !(await replayStore.add(key, ttlSeconds))) return
  throw new Error('it does not return what was written a moment ago; give the address of the primary itself')
}
