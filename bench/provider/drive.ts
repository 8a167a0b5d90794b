import { connections, type Sample } from '../support/load.ts'
import { cpuSecondsOf } from '../support/usage.ts'

/**
 * Lets 50 clients repeat what they do, for that long; what has begun is finished.
 * @param pids the servers' processes, whose processor time is counted
 * @param act one round of client number `client`, from 0
 */
export async function drive(
  pids: readonly number[],
  seconds: number,
  act: (client: number) => Promise<void>,
): Promise<Sample> {
  const cpuSeconds = () => pids.reduce((sum, pid) => sum + (cpuSecondsOf(pid) ?? Number.NaN), 0)
  let rounds = 0
  const before = cpuSeconds()
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async (_, client) => {
      while (performance.now() < end) {
        await act(client)
        rounds += 1
      }
    }),
  )
  const micros = ((cpuSeconds() - before) / rounds) * 1e6
  return {
    requestsPerSecond: (rounds / (performance.now() - startedAt)) * 1000,
    cpuMicros: Number.isNaN(micros) ? undefined : micros,
  }
}
