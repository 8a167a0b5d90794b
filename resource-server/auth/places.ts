import { AuthorityUnavailable } from './verdict.ts'

/** Bounds how many tasks run at once, how many wait for a place, and how long anyone waits. */
export interface Places {
  /**
   * Runs the task when there is a place. A task that takes too long goes on, and keeps its place until it ends:
   * only its caller stops waiting.
   * @param deadlineMs for waiting and running together, in milliseconds
   * @throws AuthorityUnavailable when too many wait already, or when the deadline has passed
   */
  run<T>(task: () => Promise<T>, deadlineMs: number): Promise<T>
}

/** Makes the places. */
export function createPlaces(maxConcurrent: number, maxWaiting: number): Places {
  let taken = 0
  const waiting = new Set<() => void>()

  function leave(): void {
    const [next] = waiting
    if (!next) {
      taken -= 1
      return
    }
    waiting.delete(next)
    next()
  }

  /** Resolves when there is a place for the caller; one that gives up leaves the queue. */
  async function enter(late: Promise<never>): Promise<void> {
    if (taken < maxConcurrent) {
      taken += 1
      return
    }
    if (waiting.size >= maxWaiting) throw new AuthorityUnavailable('Too many tokens wait for validation')
    const turn = Promise.withResolvers<void>()
    waiting.add(turn.resolve)
    try {
      await Promise.race([turn.promise, late])
    } catch (error) {
      waiting.delete(turn.resolve)
      throw error
    }
  }

  return {
    async run(task, deadlineMs) {
      const late = Promise.withResolvers<never>()
      late.promise.catch(() => {}) // it may come when nobody waits any more
      const unavailable = () => late.reject(new AuthorityUnavailable(`No answer within ${deadlineMs} ms`))
      const timer = setTimeout(unavailable, deadlineMs)
      try {
        await enter(late.promise)
        return await Promise.race([task().finally(leave), late.promise])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
