import type { RedisClient } from '../../runtime/redis-client.ts'
import type { Durability, StoreReport } from './store.ts'
import { keyIdLength } from './vault.ts'

/** How many keys Redis is asked for at a time. */
const scanSize = 1000

/** Reads all keys under a prefix, a thousand at a time. */
export async function redisReport(
  client: RedisClient,
  { prefix, schemaVersion }: { prefix: string; schemaVersion: number },
): Promise<StoreReport> {
  const rows: Record<string, number> = {}
  const sealedWith: Record<string, number> = {}
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: scanSize, TYPE: 'string' })) {
    if (keys.length === 0) continue
    const values = await client.mGet(keys)
    for (const [index, key] of keys.entries()) {
      const kind = /^([A-Z]\w*):/.exec(key.slice(prefix.length))?.[1]
      if (!kind) continue
      rows[kind] = (rows[kind] ?? 0) + 1
      // Counts are not sealed.
      const keyId = kind === 'Count' ? undefined : values[index]?.slice(0, keyIdLength)
      if (keyId) sealedWith[keyId] = (sealedWith[keyId] ?? 0) + 1
    }
  }
  for await (const sets of client.scanIterator({ MATCH: `${prefix}*`, COUNT: scanSize, TYPE: 'hash' })) {
    for (const member of (await Promise.all(sets.map((set) => client.hVals(set)))).flat()) {
      const [, sealed] = member.split(' ')
      if (sealed === undefined) continue
      const keyId = sealed.slice(0, keyIdLength)
      sealedWith[keyId] = (sealedWith[keyId] ?? 0) + 1
    }
  }
  return { kind: 'redis', schemaVersion, rows, expired: 0, sealedWith, durability: await durability(client) }
}

async function durability(client: RedisClient): Promise<readonly Durability[]> {
  // Managed services do not always let one look.
  const settings = await client.configGet(['appendonly', 'appendfsync']).catch(() => undefined)
  if (!settings) return [{ setting: 'appendonly', value: 'unknown', advice: 'ask your provider' }]
  const { appendonly = 'unknown', appendfsync = 'unknown' } = settings
  return [
    {
      setting: 'appendonly',
      value: appendonly,
      ...(appendonly !== 'yes' && { advice: 'set it to yes: a restart forgets what was issued and used' }),
    },
    {
      setting: 'appendfsync',
      value: appendfsync,
      ...(appendfsync !== 'always' && {
        advice:
          'set it to always: a power loss forgets the last second, and a used token could be used again',
      }),
    },
  ]
}
