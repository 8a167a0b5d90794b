import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Store } from './store.ts'

/**
 * Removes what has expired, from time to time and a little at once: requests go on in between.
 * @param onerror told when the store could not be swept; it is tried again the next time
 * @returns ends it
 */
export function startSweeping(
  store: Store,
  { everyMs, onerror }: { everyMs: number; onerror: (error: Error) => void },
): () => void {
  let running = false
  let stopped = false
  const timer = setInterval(async () => {
    if (running) return
    running = true
    try {
      while (!stopped && (await store.sweep())) await nextTurn()
    } catch (error) {
      if (!stopped) onerror(error as Error)
    }
    running = false
  }, everyMs).unref()
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
