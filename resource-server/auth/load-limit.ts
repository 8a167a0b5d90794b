import { performance } from 'node:perf_hooks'

/** How often the load is looked at, in milliseconds. */
const periodMs = 100

/** The share of time that the event loop may be busy before less is begun. Queues grow fast above that. */
const mostBusy = 0.7

/** Options of {@link createLoadLimit}. */
export interface LoadLimitOptions {
  /** When this process has time to spare. */
  readonly most: number
  /** However busy it is. */
  readonly least: number
  /** The share of time since the last call in which the event loop was busy, from 0 to 1. */
  readonly busy?: () => number
  /** Milliseconds, of a clock that only goes forward. */
  readonly now?: () => number
}

/**
 * How much may be begun at once, by how busy this process is: half as much as before when it is too busy, a little
 * more when it is not.
 */
export function createLoadLimit(options: LoadLimitOptions): () => number {
  const { most, busy = busySinceLastCall(), now = () => performance.now() } = options
  const least = Math.min(options.least, most)
  let limit = most
  let lookedAt = now()
  return () => {
    const time = now()
    if (time - lookedAt >= periodMs) {
      lookedAt = time
      limit = busy() > mostBusy ? Math.max(least, Math.floor(limit / 2)) : Math.min(most, limit + 2)
    }
    return limit
  }
}

function busySinceLastCall(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const current = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(current, last)
    last = current
    return utilization
  }
}
