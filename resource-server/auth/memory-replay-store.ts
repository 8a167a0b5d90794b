import { steadyNow } from '../../runtime/steady-clock.ts'
import type { ReplayStore } from './dpop.ts'

/** Beyond this many remembered proofs none is accepted: forgetting one early would let it in again. */
const maxKeys = 1_000_000

/**
 * A replay store in this process's memory: right for one replica.
 * @param now milliseconds of a clock that never steps back
 */
export function createMemoryReplayStore({
  now = steadyNow,
}: {
  readonly now?: () => number
} = {}): ReplayStore {
  const keys = new Map<string, number>()
  let sweptAt = now()

  function sweep(time: number): void {
    if (time - sweptAt < 10_000) return
    sweptAt = time
    for (const [key, until] of keys) if (until <= time) keys.delete(key)
  }

  return {
    async add(key, ttlSeconds) {
      const time = now()
      sweep(time)
      if ((keys.get(key) ?? 0) > time) return false
      if (keys.size >= maxKeys) throw new Error(`${maxKeys} DPoP proofs are remembered already`)
      keys.set(key, time + ttlSeconds * 1000)
      return true
    },
  }
}
