import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectionOptions } from './connection-options.ts'
import { createRedisRoute, discard, hashTag, type RedisClient } from './redis-route.ts'
import { isServedElsewhere } from './redis-trouble.ts'
import { parseRedisUrl } from './redis-url.ts'
import { within } from './within.ts'

export type { RedisClient }

/** A connection to the primary of a Redis or Valkey. */
export interface RedisConnection {
  /** The connection of the moment: another one takes its place when the primary is another one. */
  readonly client: RedisClient
  /** Stands before every key, so that others may use the same database. In a cluster it keeps all keys in one slot. */
  readonly prefix: string
  /** Waits for an answer as long as it may take. @throws when it does not come */
  ask<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result>
  /**
   * Asks for something that is read: of the primary, because a replica answers with what was true some time ago.
   * @throws when the server is not the primary any more
   */
  read<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result>
  close(): void
}

/** How far apart two connections begin at least, in milliseconds; it doubles while they fail. */
const pauseMs = 200
const longestPauseMs = 3000

/**
 * Connects to Redis or Valkey. At the start it must be there; later it is waited for, while commands fail.
 * @param url see {@link parseRedisUrl}
 */
export async function openRedis(url: string, options: ConnectionOptions): Promise<RedisConnection> {
  const { timeoutMs, onerror } = options
  const connect = createRedisRoute(parseRedisUrl(url), timeoutMs)
  const primary = await connect()
  const prefix = primary.cluster ? `{${hashTag}}:` : `${hashTag}:`
  let client = primary.client
  let connectedAt = performance.now()
  let answeredAt = connectedAt
  let renewing = false
  let closed = false

  function watch(watched: RedisClient): void {
    watched.on('error', (error) => {
      if (closed || watched !== client) return
      onerror(error)
      void renew()
    })
  }

  /** Looks for the primary until there is one. The old connection is used until then: it may still answer some. */
  async function renew(): Promise<void> {
    if (renewing) return
    renewing = true
    let pause = Math.max(0, connectedAt + pauseMs - performance.now())
    for (let failures = 0; !closed; failures += 1) {
      await delay(pause, undefined, { ref: false })
      const found = closed ? undefined : await connect().catch(onerror)
      if (found) {
        take(found.client)
        break
      }
      pause = Math.min(pauseMs * 2 ** failures, longestPauseMs)
    }
    renewing = false
  }

  function take(next: RedisClient): void {
    const previous = client
    client = next
    connectedAt = performance.now()
    watch(client)
    void retire(previous)
    if (closed) discard(client)
    else if (!client.isReady) queueMicrotask(renew)
  }

  /** Commands that wait for their answers get them. */
  async function retire(previous: RedisClient): Promise<void> {
    if (previous.isReady) await within(timeoutMs, previous.close()).catch(() => {})
    discard(previous)
  }

  async function ask<Result>(command: (client: RedisClient) => Promise<Result>): Promise<Result> {
    const asked = client
    const askedAt = performance.now()
    try {
      const answer = await within(timeoutMs, command(asked))
      answeredAt = performance.now()
      return answer
    } catch (error) {
      // A connection on which nothing comes back may be dead for many minutes before the system says so.
      const silent = answeredAt < askedAt && performance.now() - askedAt >= timeoutMs
      if (!closed && asked === client && (silent || !asked.isOpen || isServedElsewhere(error))) void renew()
      throw error
    }
  }

  watch(client)
  return {
    get client() {
      return client
    },
    prefix,
    ask,
    async read(command) {
      // Redis refuses every write at a replica, one that changes nothing included. It answers in order.
      const atPrimary = (asked: RedisClient) =>
        asked.del(`${prefix}Primary`).catch((error) => {
          if (isServedElsewhere(error)) throw error
        })
      const [answer] = await ask((asked) => Promise.all([command(asked), atPrimary(asked)]))
      return answer
    },
    close() {
      closed = true
      discard(client)
    },
  }
}
