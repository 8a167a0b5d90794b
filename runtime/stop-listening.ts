import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long an event loop turn may take to count as quiet, in milliseconds. */
const quietMs = 0.2

/** How long a quiet turn is waited for, in milliseconds. */
const patienceMs = 1000

/**
 * Accepts no more connections; those that are open stay.
 *
 * The kernel resets the connections that it has accepted and this process has not. So the server closes right after
 * a turn of the event loop that found none and took no time, in which others could have come.
 * @returns a promise, in an object, that resolves when the last connection has been closed
 */
export async function stopListening(server: Server): Promise<{ readonly closed: Promise<void> }> {
  let accepted = 0
  const count = () => {
    accepted += 1
  }
  server.on('connection', count)
  const giveUpAt = performance.now() + patienceMs
  let quiet = false
  while (!quiet && performance.now() < giveUpAt) {
    const [acceptedBefore, startedAt] = [accepted, performance.now()]
    await nextTurn()
    quiet = accepted === acceptedBefore && performance.now() - startedAt < quietMs
  }
  const closed = Promise.withResolvers<void>()
  // Not the HTTP server's own close: that resets the idle connections, on which a request may be on its way.
  NetServer.prototype.close.call(server, () => {
    // It would keep looking for slow clients.
    server.close()
    closed.resolve()
  })
  server.off('connection', count)
  return { closed: closed.promise }
}
