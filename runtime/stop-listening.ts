import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long no connection must have come, in milliseconds. */
const quietMs = 20

/** How long that is waited for, in milliseconds; then one turn of the event loop without a connection will do. */
const patienceMs = 500

/** After this many milliseconds it stops in any case. */
const limitMs = 2000

/**
 * Accepts no more connections; those that are open stay.
 *
 * The kernel resets the connections that it has accepted and this process has not, and Node.js accepts one in each
 * turn of its event loop. So the requests that arrive are held back until no connection comes any more: a client
 * that waits for its answer opens none.
 * @param stopped called when it has stopped, before the held requests are served
 * @returns a promise, in an object, that resolves when the last connection has been closed
 */
export async function stopListening(
  server: Server,
  stopped: () => void,
): Promise<{ readonly closed: Promise<void> }> {
  const startedAt = performance.now()
  let connectedAt = startedAt
  const note = () => {
    connectedAt = performance.now()
  }
  server.on('connection', note)
  const release = holdRequests(server)
  for (;;) {
    const turnAt = performance.now()
    await nextTurn()
    const [now, isEmpty] = [performance.now(), connectedAt <= turnAt]
    if (isEmpty && (turnAt - connectedAt >= quietMs || now - startedAt > patienceMs)) break
    if (now - startedAt > limitMs) break
  }
  const closed = Promise.withResolvers<void>()
  // Not the HTTP server's own close: that resets the idle connections, on which a request may be on its way.
  NetServer.prototype.close.call(server, () => {
    // It would keep looking for slow clients.
    server.close()
    closed.resolve()
  })
  server.off('connection', note)
  stopped()
  release()
  return { closed: closed.promise }
}

/** Keeps requests from the server's listeners. @returns what hands them over */
function holdRequests(server: Server): () => void {
  const held: unknown[][] = []
  const listeners = server.listeners('request') as ((...args: unknown[]) => void)[]
  const hold = (...args: unknown[]) => void held.push(args)
  server.removeAllListeners('request').on('request', hold)
  return () => {
    server.off('request', hold)
    for (const listener of listeners) server.on('request', listener)
    for (const args of held) server.emit('request', ...args)
  }
}
