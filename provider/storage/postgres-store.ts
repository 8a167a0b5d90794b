import type { QueryResult } from 'pg'
import { type RateLimiterAbstract, RateLimiterPostgres } from 'rate-limiter-flexible'
import type { ConnectionOptions } from '../../runtime/connection-options.ts'
import { changeSchema, haveTables, openPostgres, type PostgresPool } from '../../runtime/postgres-pool.ts'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import { Batches } from './batches.ts'
import { createCountingPool } from './postgres-counts.ts'
import { living, statements } from './postgres-statements.ts'
import { expiringTables, schemaSteps, schemaVersion, sweepSize } from './sql-schema.ts'
import type { Entry } from './storage.ts'
import { assertKnownSchema } from './storage-error.ts'
import type { Member, Store, StoreReport } from './store.ts'
import { keyIdLength } from './vault.ts'

/** Entries that are kept together. */
interface Write {
  /** When it is there already, nothing of it is kept. */
  readonly unlessThere?: Entry<string>
  readonly entries: readonly Entry<string>[]
}

/** A member, and the set that it is put into. */
type Addition = readonly [set: string, member: Member]

function keysOf({ unlessThere, entries }: Write): readonly string[] {
  return [...(unlessThere ? [unlessThere] : []), ...entries].map(({ key }) => key)
}

/** A store in PostgreSQL, which replicas share. */
export class PostgresStore implements Store {
  readonly #pool: PostgresPool
  readonly #counts: ReturnType<typeof createCountingPool>
  readonly #limiters = new Map<string, RateLimiterAbstract>()
  readonly #now: () => number
  readonly #reads = new Batches((keys: readonly string[]) => this.#readAll(keys), { atOnce: 1 })
  // One after the other: what was set last is what stays.
  readonly #writes = new Batches((writes: readonly Write[]) => this.#writeAll(writes), { atOnce: 1, keysOf })
  readonly #deletions = new Batches((keys: readonly string[]) => this.#deleteAll(keys), {
    atOnce: 1,
    keysOf: (key) => [key],
  })
  readonly #additions = new Batches((additions: readonly Addition[]) => this.#addAll(additions), {
    atOnce: 1,
    keysOf: ([set, { id }]) => [`${set} ${id}`],
  })

  private constructor(pool: PostgresPool, now: () => number) {
    this.#pool = pool
    this.#counts = createCountingPool(pool)
    this.#now = now
  }

  /**
   * Connects, and makes or migrates the tables.
   * @param now the clock, Unix milliseconds; that of all replicas
   * @throws StorageError when a newer program has migrated them
   */
  static async open(url: string, options: ConnectionOptions & { now: () => number }): Promise<PostgresStore> {
    const pool = openPostgres(url, options)
    try {
      await migrate(pool)
    } catch (error) {
      await pool.end()
      throw error
    }
    return new PostgresStore(pool, options.now)
  }

  get(key: string): Promise<string | undefined> {
    return this.#reads.ask(key)
  }

  async set(entry: Entry<string>): Promise<void> {
    await this.#writes.ask({ entries: [entry] })
  }

  add(entry: Entry<string>, others: readonly Entry<string>[]): Promise<boolean> {
    return this.#writes.ask({ unlessThere: entry, entries: others })
  }

  async replace(key: string, from: string, to: string): Promise<void> {
    await this.#query('replace', [key, from, to])
  }

  delete(key: string): Promise<boolean> {
    return this.#deletions.ask(key)
  }

  addMember(set: string, member: Member): Promise<void> {
    return this.#additions.ask([set, member])
  }

  async removeMember(set: string, id: string): Promise<boolean> {
    return (await this.#query('removeMember', [this.#now(), set, id])).rowCount === 1
  }

  async members(set: string): Promise<readonly Pick<Member, 'id' | 'value'>[]> {
    return (await this.#query('members', [this.#now(), set])).rows
  }

  createLimiter(name: string, { points, seconds }: RateLimit): RateLimiterAbstract {
    const limiter =
      this.#limiters.get(name) ??
      new RateLimiterPostgres({
        storeClient: this.#counts,
        storeType: 'pool',
        tableName: 'gatehouse_count',
        tableCreated: true,
        clearExpiredByTimeout: false,
        keyPrefix: name,
        points,
        duration: seconds,
      })
    this.#limiters.set(name, limiter)
    return limiter
  }

  async sweep(): Promise<boolean> {
    const removed = await Promise.all(
      expiringTables.map(([table, column]) =>
        // Replicas sweep at the same time, each its own rows.
        this.#pool.query(
          `DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM ${table} WHERE ${column} <= $1
           LIMIT ${sweepSize} FOR UPDATE SKIP LOCKED)`,
          [this.#now()],
        ),
      ),
    )
    return removed.some(({ rowCount }) => rowCount === sweepSize)
  }

  async report(): Promise<StoreReport> {
    const count = async (sql: string): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await this.#pool.query(sql, [this.#now()])).rows.map(({ name, rows }) => [name, Number(rows)]),
      )
    const setting = async (name: string) => String((await this.#pool.query(`SHOW ${name}`)).rows[0]?.[name])
    const expired = await count(
      expiringTables
        .map(
          ([table, column]) =>
            `SELECT '${table}' AS name, count(*) AS rows FROM ${table} WHERE ${column} <= $1`,
        )
        .join(' UNION ALL '),
    )
    const synchronousCommit = await setting('synchronous_commit')
    const fsync = await setting('fsync')
    return {
      kind: 'postgres',
      schemaVersion,
      rows: await count(
        `SELECT split_part(key, ':', 1) AS name, count(*) AS rows FROM gatehouse_entry WHERE ${living} GROUP BY 1`,
      ),
      expired: Object.values(expired).reduce((sum, rows) => sum + rows, 0),
      sealedWith: await count(
        `SELECT left(value, ${keyIdLength}) AS name, count(*) AS rows FROM (
          SELECT value FROM gatehouse_entry WHERE ${living} UNION ALL SELECT value FROM gatehouse_member WHERE ${living}
        ) AS sealed GROUP BY 1`,
      ),
      durability: [
        {
          setting: 'synchronous_commit',
          value: synchronousCommit,
          ...(synchronousCommit === 'off' && {
            advice: 'set it to on: the last moments before a power loss would be forgotten',
          }),
        },
        {
          setting: 'fsync',
          value: fsync,
          ...(fsync === 'off' && { advice: 'set it to on: a power loss may destroy the database' }),
        },
      ],
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #readAll(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const { rows } = await this.#query('get', [this.#now(), keys])
    const found = new Map<string, string>(rows.map(({ key, value }) => [key, value]))
    return keys.map((key) => found.get(key))
  }

  /** In one statement, and so in one commit. No key may be in it twice. */
  async #writeAll(writes: readonly Write[]): Promise<readonly boolean[]> {
    const asked = writes.flatMap(({ unlessThere }) => unlessThere ?? [])
    const others = writes.flatMap(({ unlessThere, entries }) =>
      entries.map((entry) => ({ ...entry, winner: unlessThere?.key ?? null })),
    )
    const columns = (entries: readonly Entry<string>[]) => [
      entries.map(({ key }) => key),
      entries.map(({ value }) => value),
      entries.map(({ ttlMs }) => this.#expiry(ttlMs)),
    ]
    const winners = others.map(({ winner }) => winner)
    const values = [this.#now(), ...columns(asked), winners, ...columns(others)]
    const added = new Set((await this.#query('write', values)).rows.map(({ key }) => key))
    return writes.map(({ unlessThere }) => !unlessThere || added.has(unlessThere.key))
  }

  async #deleteAll(keys: readonly string[]): Promise<readonly boolean[]> {
    const deleted = new Set((await this.#query('delete', [this.#now(), keys])).rows.map(({ key }) => key))
    return keys.map((key) => deleted.has(key))
  }

  async #addAll(additions: readonly Addition[]): Promise<readonly undefined[]> {
    await this.#query('addMember', [
      additions.map(([set]) => set),
      additions.map(([, { id }]) => id),
      additions.map(([, { value }]) => value),
      additions.map(([, { ttlMs }]) => this.#expiry(ttlMs)),
    ])
    return additions.map(() => undefined)
  }

  #query(name: keyof typeof statements, values: unknown[]): Promise<QueryResult> {
    return this.#pool.query({ name: `gatehouse_${name}`, text: statements[name], values })
  }

  #expiry(ttlMs: number | undefined): number | null {
    return ttlMs === undefined ? null : Math.ceil(this.#now() + ttlMs)
  }
}

/** Nothing is written when there is nothing to do: a user who may not make tables can use those that are there. */
async function migrate(pool: PostgresPool): Promise<void> {
  const version = await versionOf(pool)
  assertKnownSchema(version, schemaVersion)
  if (version === schemaVersion) return
  if (version === 0) {
    await changeSchema(pool, {
      condition: 'true',
      changes: 'CREATE TABLE IF NOT EXISTS gatehouse_schema (version integer NOT NULL);',
    })
  }
  await changeSchema(pool, {
    condition: `coalesce((SELECT max(version) FROM gatehouse_schema), 0) = ${version}`,
    changes: `${schemaSteps.slice(version).join('\n')}
      DELETE FROM gatehouse_schema; INSERT INTO gatehouse_schema VALUES (${schemaVersion});`,
  })
  // Another replica may have been first, and newer.
  return migrate(pool)
}

async function versionOf(pool: PostgresPool): Promise<number> {
  if (!(await haveTables(pool, ['gatehouse_schema']))) return 0
  const { rows } = await pool.query('SELECT max(version) AS version FROM gatehouse_schema')
  return Number(rows[0]?.version ?? 0)
}
