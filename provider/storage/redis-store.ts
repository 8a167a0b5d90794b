import { hash } from 'node:crypto'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { ConnectionOptions } from '../../runtime/connection-options.ts'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import { openRedis, type RedisConnection } from '../../runtime/redis-client.ts'
import { createRedisLimiter } from '../../runtime/redis-limiter.ts'
import { Batches } from './batches.ts'
import { redisReport } from './redis-report.ts'
import type { Entry } from './storage.ts'
import { assertKnownSchema } from './storage-error.ts'
import type { Member, Store, StoreReport } from './store.ts'

/** How the entries are laid out. */
const schemaVersion = 1

interface Script {
  readonly text: string
  readonly hash: string
}

const script = (text: string): Script => ({ text, hash: hash('sha1', text) })

/** Sets all keys unless the first is there. ARGV: value and milliseconds of each; '' means for ever. */
const addScript = script(`local function set(i, ...)
  local ttl = ARGV[2 * i]
  if ttl ~= '' then return redis.call('SET', KEYS[i], ARGV[2 * i - 1], 'PX', ttl, ...) end
  return redis.call('SET', KEYS[i], ARGV[2 * i - 1], ...)
end
if not set(1, 'NX') then return 0 end
for i = 2, #KEYS do set(i) end
return 1`)

const replaceScript = script(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL') end`,
)

/** Adds to a hash of "expiry value", forgets who has expired, and expires with the last. ARGV: id, value, expiry, now */
const addMemberScript = script(`redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[2])
local last = 0
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local expiry = tonumber(string.match(all[i + 1], '^%S+'))
  if expiry <= tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], all[i]) end
  if expiry > last then last = expiry end
end
if last == math.huge then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last)) end`)

const removeMemberScript = script(`local found = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
return found`)

/** A store in Redis or Valkey, which replicas share. Entries expire there by themselves. */
export class RedisStore implements Store {
  readonly #redis: RedisConnection
  readonly #now: () => number
  readonly #limiters = new Map<string, RateLimiterAbstract>()
  readonly #reads = new Batches<string, string | null>((keys) =>
    this.#redis.read((client) => client.mGet(keys.map((key) => this.#redis.prefix + key))),
  )

  private constructor(redis: RedisConnection, now: () => number) {
    this.#redis = redis
    this.#now = now
  }

  /**
   * @param now the clock of the members of sets, Unix milliseconds; the entries expire by Redis's own
   * @throws StorageError when a newer program has written to it
   */
  static async open(url: string, options: ConnectionOptions & { now: () => number }): Promise<RedisStore> {
    const redis = await openRedis(url, options)
    try {
      const key = `${redis.prefix}schema`
      await redis.ask((client) => client.set(key, String(schemaVersion), { condition: 'NX' }))
      assertKnownSchema(Number(await redis.ask((client) => client.get(key))), schemaVersion)
    } catch (error) {
      redis.close()
      throw error
    }
    return new RedisStore(redis, options.now)
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#reads.ask(key)) ?? undefined
  }

  async set({ key, value, ttlMs }: Entry<string>): Promise<void> {
    const options =
      ttlMs === undefined ? {} : ({ expiration: { type: 'PX', value: Math.ceil(ttlMs) } } as const)
    await this.#redis.ask((client) => client.set(this.#redis.prefix + key, value, options))
  }

  async add(entry: Entry<string>, others: readonly Entry<string>[]): Promise<boolean> {
    const all = [entry, ...others]
    const script = {
      keys: all.map(({ key }) => this.#redis.prefix + key),
      arguments: all.flatMap(({ value, ttlMs }) => [
        value,
        ttlMs === undefined ? '' : String(Math.ceil(ttlMs)),
      ]),
    }
    return (await this.#run(addScript, script)) === 1
  }

  async replace(key: string, from: string, to: string): Promise<void> {
    const script = { keys: [this.#redis.prefix + key], arguments: [from, to] }
    await this.#run(replaceScript, script)
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#redis.ask((client) => client.del(this.#redis.prefix + key))) === 1
  }

  async addMember(set: string, { id, value, ttlMs }: Member): Promise<void> {
    const now = this.#now()
    const expiry = ttlMs === undefined ? 'inf' : String(Math.ceil(now + ttlMs))
    const script = { keys: [this.#setKey(set)], arguments: [id, value, expiry, String(now)] }
    await this.#run(addMemberScript, script)
  }

  async removeMember(set: string, id: string): Promise<boolean> {
    const script = { keys: [this.#setKey(set)], arguments: [id] }
    const found = await this.#run(removeMemberScript, script)
    return typeof found === 'string' && this.#lives(found)
  }

  async members(set: string): Promise<readonly Pick<Member, 'id' | 'value'>[]> {
    const all = Object.entries(await this.#redis.read((client) => client.hGetAll(this.#setKey(set))))
    return all
      .filter(([, text]) => this.#lives(text))
      .map(([id, text]) => ({ id, value: text.slice(text.indexOf(' ') + 1) }))
  }

  createLimiter(name: string, limit: RateLimit): RateLimiterAbstract {
    const limiter =
      this.#limiters.get(name) ?? createRedisLimiter(this.#redis, `${this.#redis.prefix}Count:${name}`, limit)
    this.#limiters.set(name, limiter)
    return limiter
  }

  sweep(): boolean {
    return false
  }

  report(): Promise<StoreReport> {
    return redisReport(this.#redis.client, { prefix: this.#redis.prefix, schemaVersion })
  }

  close(): void {
    this.#redis.close()
  }

  /** Sends a script's hash, and the script itself only when Redis does not know it yet. */
  #run({ text, hash }: Script, call: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#redis.ask(async (client) => {
      try {
        return await client.evalSha(hash, call)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        return client.eval(text, call)
      }
    })
  }

  #lives(text: string): boolean {
    const expiry = text.slice(0, text.indexOf(' '))
    return expiry === 'inf' || Number(expiry) > this.#now()
  }

  #setKey(set: string): string {
    return `${this.#redis.prefix}set:${set}`
  }
}
