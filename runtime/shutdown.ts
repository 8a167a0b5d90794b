import type { Server } from 'node:http'
import process from 'node:process'

/** How long requests in flight may take to finish after a signal, in milliseconds. */
const graceMs = 10_000

/**
 * Stops accepting connections and lets the requests in flight finish.
 * @param graceMs after this many milliseconds what is still open is cut
 */
export async function stop(server: Server, timeoutMs = graceMs): Promise<void> {
  const closed = Promise.withResolvers<void>()
  server.close(() => closed.resolve())
  server.closeIdleConnections()
  // A kept-alive connection becomes idle when its last request is answered, and would stay for seconds.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await closed.promise
  clearInterval(idle)
  clearTimeout(timer)
}

/** What else stops with a server. */
export interface StopHooks {
  /** Ends what would never end by itself, such as streams, when the server has stopped listening. */
  readonly begin?: () => void
  /** Closes what requests need, after the last one. */
  readonly end?: () => Promise<void>
}

/** Stops the server at SIGTERM or Ctrl-C, then ends the process. A second signal ends it at once. */
export function stopOnSignal(server: Server, { begin, end }: StopHooks = {}): void {
  const onSignal = async () => {
    process.once('SIGINT', () => process.exit(130))
    process.once('SIGTERM', () => process.exit(143))
    const stopped = stop(server)
    begin?.()
    await stopped
    await end?.()
    process.exit(0)
  }
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
}
