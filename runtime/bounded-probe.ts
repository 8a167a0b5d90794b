import { setTimeout as delay } from 'node:timers/promises'

/** How far apart two probes begin at least, in milliseconds. */
const probeEveryMs = 250

/**
 * Bounds how often a probe runs, however often it is called: callers share the next one. An answer is never older
 * than its call.
 * @param everyMs how far apart two probes begin at least, in milliseconds. Default 250
 */
export function boundedProbe(probe: () => Promise<void>, everyMs = probeEveryMs): () => Promise<void> {
  let next: Promise<void> | undefined
  let lastBegan = Number.NEGATIVE_INFINITY

  async function wait(): Promise<void> {
    await delay(Math.max(0, lastBegan + everyMs - performance.now()))
    lastBegan = performance.now()
    next = undefined
    await probe()
  }

  return () => {
    next ??= wait()
    return next
  }
}
