import { randomBytes } from 'node:crypto'
import { createClient } from '@redis/client'
import { Client } from 'pg'
import type { RealStore } from './real-stores.ts'

/** A database that nobody else uses meanwhile. */
export interface OwnStore {
  readonly url: string
  /** Gives it back, empty. */
  drop(): Promise<void>
}

/** Makes a database on the server of a real store: for programs that share keys there, and whole rings of them. */
export function createOwnStore({ name, url }: Pick<RealStore, 'name' | 'url'>): Promise<OwnStore> {
  return name === 'Postgres' ? createDatabase(url) : occupyDatabase(url)
}

async function createDatabase(url: string): Promise<OwnStore> {
  const database = `gatehouse_${randomBytes(6).toString('hex')}`
  const ask = async (sql: string) => {
    const client = new Client(url)
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await ask(`CREATE DATABASE ${database}`)
  const own = new URL(url)
  own.pathname = `/${database}`
  return { url: own.href, drop: () => ask(`DROP DATABASE ${database} WITH (FORCE)`) }
}

const mark = 'occupied by a test'

/** Redis has numbered databases: takes an empty one, from the last to the first. */
async function occupyDatabase(url: string): Promise<OwnStore> {
  for (let number = 15; number > 0; number -= 1) {
    const own = new URL(url)
    own.pathname = `/${number}`
    const client = createClient({ url: own.href })
    await client.connect()
    // The mark of a test that was killed goes after a while.
    const taken = await client.set(mark, '', { condition: 'NX', expiration: { type: 'EX', value: 600 } })
    if (taken !== null && (await client.dbSize()) === 1) {
      return {
        url: own.href,
        async drop() {
          await client.flushDb()
          client.destroy()
        },
      }
    }
    if (taken !== null) await client.del(mark)
    client.destroy()
  }
  throw new Error('The Redis of TEST_REDIS_URL has no empty database.')
}
