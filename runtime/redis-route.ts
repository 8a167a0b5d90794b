import { createClient } from '@redis/client'
import type { RedisNode, RedisTarget } from './redis-url.ts'
import { within } from './within.ts'

export type RedisClient = ReturnType<typeof createRedisClient>

/** A connection to the server that takes writes. */
export interface RedisPrimary {
  readonly client: RedisClient
  /** Whether it is a node of a Redis Cluster. */
  readonly cluster: boolean
}

/** The part of a key that decides about its slot in a cluster. All keys have the same: one write, one slot. */
export const hashTag = 'gatehouse'

/**
 * Finds the primary anew at each call: at the address itself, by asking the Sentinels, or in a cluster as the node
 * that serves the slot of {@link hashTag}.
 * @throws what kept it from being found or used
 */
export function createRedisRoute(target: RedisTarget, timeoutMs: number): () => Promise<RedisPrimary> {
  // A cluster goes on without the node that the URL names.
  let seeds = target.nodes

  async function connect(): Promise<RedisPrimary> {
    const failures: unknown[] = []
    for (const seed of seeds) {
      try {
        const node = target.sentinel ? await askSentinel(target, seed, timeoutMs) : seed
        return await reach(node)
      } catch (error) {
        failures.push(error)
      }
    }
    throw failures[0]
  }

  async function reach(node: RedisNode): Promise<RedisPrimary> {
    const client = await open(target, node, timeoutMs)
    try {
      const facts = await within(timeoutMs, client.info())
      assertKept(facts)
      if (field(facts, 'cluster_enabled') === '1') return await follow(client, node)
      if (field(facts, 'role') === 'slave') throw new Error('READONLY It is a replica.')
      return { client, cluster: false }
    } catch (error) {
      discard(client)
      throw error
    }
  }

  async function follow(client: RedisClient, { host }: RedisNode): Promise<RedisPrimary> {
    const [slot, ranges, ownId] = await within(
      timeoutMs,
      Promise.all([client.clusterKeySlot(hashTag), client.clusterSlots(), client.clusterMyId()]),
    )
    const owner = ranges.find(({ from, to }) => slot >= from && slot <= to)?.master
    if (!owner) throw new Error('CLUSTERDOWN Hash slot not served')
    const known = ranges.flatMap(({ master, replicas }) => [master, ...replicas])
    seeds = unique([...known.map((node) => ({ host: node.host || host, port: node.port })), ...target.nodes])
    if (owner.id === ownId) return { client, cluster: true }
    const served = await open(target, { host: owner.host || host, port: owner.port }, timeoutMs)
    discard(client)
    return { client: served, cluster: true }
  }

  return connect
}

async function askSentinel(target: RedisTarget, node: RedisNode, timeoutMs: number): Promise<RedisNode> {
  const { name = '', ...own } = target.sentinel ?? {}
  const sentinel = await open({ tls: target.tls, database: 0, ...own }, node, timeoutMs)
  try {
    const question = ['SENTINEL', 'get-master-addr-by-name', name]
    const answer = await within(timeoutMs, sentinel.sendCommand<string[] | null>(question))
    const [host, port] = answer ?? []
    if (!host) throw new Error(`its Sentinels know no primary ${name}; correct the name in the URL`)
    return { host, port: Number(port) }
  } finally {
    discard(sentinel)
  }
}

async function open(
  target: Pick<RedisTarget, 'tls' | 'username' | 'password' | 'database'>,
  node: RedisNode,
  timeoutMs: number,
): Promise<RedisClient> {
  const client = createRedisClient(target, node, timeoutMs)
  client.on('error', () => {})
  try {
    // A server that accepts may never answer.
    await within(timeoutMs, client.connect())
    return client
  } catch (error) {
    discard(client)
    throw error
  }
}

/** Closes a connection without waiting for answers. */
export function discard(client: RedisClient): void {
  if (client.isOpen) client.destroy()
}

function createRedisClient(
  { tls, username, password, database }: Pick<RedisTarget, 'tls' | 'username' | 'password' | 'database'>,
  { host, port }: RedisNode,
  timeoutMs: number,
) {
  return createClient({
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    database,
    socket: {
      host,
      port,
      ...(tls && { tls: true as const, servername: host }),
      connectTimeout: timeoutMs,
      // The primary is found anew for each connection.
      reconnectStrategy: false,
    },
    // A command must fail at once while there is no connection, not wait for one.
    disableOfflineQueue: true,
    // ask() bounds the time; the client's own way makes an AbortSignal for each command.
    commandOptions: { timeout: 0 },
  })
}

/** @throws Error when entries may be evicted: what is forgotten to be used could be used again */
function assertKept(facts: string): void {
  const policy = field(facts, 'maxmemory_policy') ?? 'noeviction'
  if (policy === 'noeviction' || field(facts, 'maxmemory') === '0') return
  throw new Error(
    `it evicts keys when its memory is full (maxmemory-policy ${policy}), and what was used could be used again; set noeviction`,
  )
}

function field(facts: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(facts)?.[1]
}

function unique(nodes: readonly RedisNode[]): readonly RedisNode[] {
  return [...new Map(nodes.map((node) => [`${node.host} ${node.port}`, node])).values()]
}
