import { statSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { Client } from 'pg'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import { MemoryStore } from '../../provider/storage/memory-store.ts'
import { openStore } from '../../provider/storage/open-storage.ts'
import { createAdapterFactory } from '../../provider/storage/storage-adapter.ts'
import { unlock } from '../../provider/storage/unlock.ts'
import type { Churn, Round } from './short-lived-tokens.ts'

// Run by short-lived-tokens.ts with --expose-gc, a store's URL and the number of tokens; writes a Churn as JSON.

const [url = '', count = ''] = process.argv.slice(2)
const tokens = Number(count)
const inFlight = 200

/** Redis has a clock of its own: there the tokens live for as long as they really take. */
const passesTime = !url.startsWith('redis:')
const lifetimeSeconds = passesTime ? 600 : 3
/** The adapter keeps what it is given for a minute longer, for clocks that differ. */
const expiresIn = lifetimeSeconds - 60

let passedMs = 0
const now = () => Date.now() + passedMs
const store = await openStore(url, { now })
const vault = url === 'memory:' ? undefined : await unlock(store, ['a key of the benchmark'])
const storage = createStorageOver(store, vault)
const adapters = createAdapterFactory(storage, { now })
const accessTokens = adapters('AccessToken')
const refreshTokens = adapters('RefreshToken')

async function round(name: number): Promise<Round> {
  const startedAt = performance.now()
  let issued = 0
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (issued < tokens) {
        issued += 2
        const id = `${name}-${issued}-${'x'.repeat(30)}`
        const payload = { ...example, jti: id, grantId: id }
        await accessTokens.upsert(id, payload, expiresIn)
        await refreshTokens.upsert(id, payload, expiresIn)
      }
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  const rowsFull = await rows()
  await expire()
  return { seconds, rowsFull, rowsAfter: await rows(), heapBytes: heapBytes(), fileBytes: await fileBytes() }
}

/** Lets everything expire, and whoever tidies up do so. */
async function expire(): Promise<void> {
  if (!passesTime) {
    for (let waited = 0; waited < 300 && (await rows()) > rowsBefore; waited += 1) await delay(100)
    return
  }
  passedMs += lifetimeSeconds * 1000 + 61_000
  // Memory sweeps when it is used next, the others when they are told to.
  await storage.get('AccessToken:none')
  while (await store.sweep());
}

async function rows(): Promise<number> {
  if (store instanceof MemoryStore) return store.size
  if (url.startsWith('redis:')) return withRedis((redis) => redis.dbSize())
  const { rows: living, expired } = await store.report()
  return Object.values(living).reduce((sum, some) => sum + some, expired)
}

/** What lies on the disk, where PostgreSQL and Redis have tidied up as they do from time to time. */
async function fileBytes(): Promise<number | undefined> {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length)
    return [file, `${file}-wal`].reduce((sum, path) => sum + statSync(path).size, 0)
  }
  if (url.startsWith('redis:')) {
    return withRedis(async (redis) => {
      await redis.sendCommand(['BGREWRITEAOF'])
      const info = async (name: string) =>
        new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.info('persistence'))?.[1]
      while ((await info('aof_rewrite_in_progress')) !== '0') await delay(50)
      return Number(await info('aof_current_size'))
    })
  }
  if (!url.startsWith('postgres:')) return undefined
  const client = new Client(url)
  await client.connect()
  // The first empties the indexes' pages, the second hands them out again.
  for (let times = 0; times < 2; times += 1) await client.query('VACUUM')
  const size = await client.query('SELECT pg_database_size(current_database()) AS bytes')
  await client.end()
  return Number(size.rows[0].bytes)
}

async function withRedis<Result>(
  ask: (redis: ReturnType<typeof createClient>) => Promise<Result>,
): Promise<Result> {
  const redis = createClient({ url })
  await redis.connect()
  try {
    return await ask(redis as never)
  } finally {
    redis.destroy()
  }
}

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** What an access token of the provider's looks like in the store. */
const example = {
  iat: 1_800_000_000,
  exp: 1_800_003_600,
  accountId: 'alice',
  kind: 'AccessToken',
  clientId: 'test-client',
  aud: 'http://localhost:8000/mcp',
  scope: 'read write',
  extra: { username: 'alice' },
  gty: 'authorization_code refresh_token',
  sessionUid: 'aaaaaaaaaaaaaaaaaaaaa',
  expiresWithSession: false,
  claims: {},
}

const rowsBefore = await rows()
const churn: Churn = { rowsBefore, rounds: [await round(1), await round(2)] }
await store.close()
process.stdout.write(JSON.stringify(churn))
