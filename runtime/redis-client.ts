import { createClient } from '@redis/client'
import type { ConnectionOptions } from './connection-options.ts'
import { within } from './within.ts'

export type RedisClient = ReturnType<typeof createRedisClient>

/** A connection to Redis or Valkey. */
export interface RedisConnection {
  readonly client: RedisClient
  /** Waits for an answer as long as it may take. @throws when it does not come */
  ask<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result>
  close(): void
}

/**
 * Connects to Redis or Valkey. At the start it must be there; later it is waited for, while commands fail.
 * @param url `redis://`, `rediss://` or `valkey://`
 */
export async function openRedis(url: string, options: ConnectionOptions): Promise<RedisConnection> {
  const { timeoutMs, onerror } = options
  let connected = false
  const client = createRedisClient(url, timeoutMs, () => connected)
  // Until then connect() says it.
  client.on('error', (error) => connected && onerror(error))
  await client.connect()
  connected = true

  let answeredAt = performance.now()
  let reconnecting = false
  /** A connection on which nothing comes back may be dead for many minutes before the system says so. */
  async function reconnect(): Promise<void> {
    if (reconnecting) return
    reconnecting = true
    client.destroy()
    await client.connect().catch(onerror)
    reconnecting = false
  }

  return {
    client,
    async ask(command) {
      const askedAt = performance.now()
      try {
        const answer = await within(timeoutMs, command(client))
        answeredAt = performance.now()
        return answer
      } catch (error) {
        if (client.isReady && answeredAt < askedAt && performance.now() - askedAt >= timeoutMs) {
          void reconnect()
        }
        throw error
      }
    },
    close() {
      connected = false
      if (client.isOpen) client.destroy()
    },
  }
}

function createRedisClient(url: string, timeoutMs: number, retry: () => boolean) {
  return createClient({
    url: url.replace(/^valkey:/, 'redis:'),
    socket: {
      connectTimeout: timeoutMs,
      reconnectStrategy: (retries, cause) => (retry() ? Math.min(100 * 2 ** retries, 3000) : cause),
    },
    // A command must fail at once while there is no connection, not wait for one.
    disableOfflineQueue: true,
    // ask() bounds the time; the client's own way makes an AbortSignal for each command.
    commandOptions: { timeout: 0 },
  })
}
