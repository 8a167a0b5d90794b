import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { keepPrivate } from '../../runtime/private-file.ts'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import { Batches } from './batches.ts'
import { rememberFile } from './open-file.ts'
import { expiringTables, schemaSteps, schemaVersion, sweepSize } from './sql-schema.ts'
import { createSqliteLimiter } from './sqlite-limiter.ts'
import type { Entry } from './storage.ts'
import { assertKnownSchema } from './storage-error.ts'
import type { Member, Store, StoreReport } from './store.ts'
import { keyIdLength } from './vault.ts'
import { WriteQueue } from './write-queue.ts'

/** How long to wait for another process that writes, in milliseconds. Nothing else is done meanwhile. */
const busyTimeoutMs = 2000

/** How many free pages a sweep gives back to the file system. */
const pagesGivenBack = 200

const living = '(expires_at IS NULL OR expires_at > ?)'

const statements = {
  get: `SELECT value FROM gatehouse_entry WHERE key = ? AND ${living}`,
  set: `INSERT INTO gatehouse_entry (key, value, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
  add: `INSERT INTO gatehouse_entry (key, value, expires_at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
    WHERE gatehouse_entry.expires_at <= ?`,
  replace: 'UPDATE gatehouse_entry SET value = ? WHERE key = ? AND value = ?',
  delete: `DELETE FROM gatehouse_entry WHERE key = ? AND ${living}`,
  addMember: `INSERT INTO gatehouse_member (name, id, value, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (name, id) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
  removeMember: `DELETE FROM gatehouse_member WHERE name = ? AND id = ? AND ${living}`,
  members: `SELECT id, value FROM gatehouse_member WHERE name = ? AND ${living}`,
}

/** A store in one SQLite file, which several processes of one machine may share. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #queue: WriteQueue
  readonly #assertThere: () => void
  readonly #statements: Readonly<Record<keyof typeof statements, StatementSync>>
  readonly #limiters = new Map<string, RateLimiterAbstract>()
  readonly #now: () => number
  readonly #reads = new Batches((keys: readonly string[]) => this.#readAll(keys))

  /**
   * Opens the file, and makes or migrates what is in it.
   * @param file a path; it is created when it is missing
   * @param now the clock, Unix milliseconds
   * @throws StorageError when the file cannot be used
   */
  constructor(file: string, now: () => number = Date.now) {
    this.#now = now
    this.#database = openDatabase(file)
    const [assertFile, assertLog] = [file, `${file}-wal`].map(rememberFile)
    this.#assertThere = () => {
      assertFile?.()
      assertLog?.()
    }
    this.#queue = new WriteQueue(this.#database, this.#assertThere)
    const prepare = (sql: string) => this.#database.prepare(sql)
    this.#statements = {
      get: prepare(statements.get),
      set: prepare(statements.set),
      add: prepare(statements.add),
      replace: prepare(statements.replace),
      delete: prepare(statements.delete),
      addMember: prepare(statements.addMember),
      removeMember: prepare(statements.removeMember),
      members: prepare(statements.members),
    }
  }

  get(key: string): Promise<string | undefined> {
    return this.#reads.ask(key)
  }

  set(entry: Entry<string>): Promise<void> {
    return this.#queue.write(() => this.#set(entry))
  }

  add({ key, value, ttlMs }: Entry<string>, others: readonly Entry<string>[]): Promise<boolean> {
    return this.#queue.write(() => {
      const { changes } = this.#statements.add.run(key, value, this.#expiry(ttlMs), this.#now())
      if (changes === 0) return false
      for (const other of others) this.#set(other)
      return true
    })
  }

  replace(key: string, from: string, to: string): Promise<void> {
    return this.#queue.write(() => {
      this.#statements.replace.run(to, key, from)
    })
  }

  delete(key: string): Promise<boolean> {
    return this.#queue.write(() => this.#statements.delete.run(key, this.#now()).changes > 0)
  }

  addMember(set: string, { id, value, ttlMs }: Member): Promise<void> {
    return this.#queue.write(() => {
      this.#statements.addMember.run(set, id, value, this.#expiry(ttlMs))
    })
  }

  removeMember(set: string, id: string): Promise<boolean> {
    return this.#queue.write(() => this.#statements.removeMember.run(set, id, this.#now()).changes > 0)
  }

  members(set: string): readonly Pick<Member, 'id' | 'value'>[] {
    return this.#statements.members.all(set, this.#now()) as unknown as Member[]
  }

  createLimiter(name: string, limit: RateLimit): RateLimiterAbstract {
    const limiter = this.#limiters.get(name) ?? createSqliteLimiter(this.#database, this.#queue, name, limit)
    this.#limiters.set(name, limiter)
    return limiter
  }

  async sweep(): Promise<boolean> {
    const now = this.#now()
    const removed = await this.#queue.write(() =>
      expiringTables.map(([table, column]) => {
        const rows = `SELECT rowid FROM ${table} WHERE ${column} <= ? LIMIT ${sweepSize}`
        return Number(
          this.#database.prepare(`DELETE FROM ${table} WHERE rowid IN (${rows})`).run(now).changes,
        )
      }),
    )
    const more = removed.some((rows) => rows === sweepSize)
    if (!more) this.#database.exec(`PRAGMA incremental_vacuum(${pagesGivenBack})`)
    return more
  }

  report(): StoreReport {
    const now = this.#now()
    const count = (sql: string) =>
      Object.fromEntries(
        this.#database
          .prepare(sql)
          .all(now)
          .map(({ name, rows }) => [String(name), Number(rows)]),
      )
    const pragma = (name: string) => Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    const expired = expiringTables.map(([table, column]) =>
      Number(this.#database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${column} <= ?`).get(now)?.n),
    )
    return {
      kind: 'sqlite',
      schemaVersion: Number(pragma('user_version')),
      rows: count(
        `SELECT substr(key, 1, instr(key, ':') - 1) AS name, count(*) AS rows FROM gatehouse_entry
         WHERE ${living} GROUP BY 1`,
      ),
      expired: expired.reduce((sum, rows) => sum + rows, 0),
      sealedWith: count(
        `SELECT substr(value, 1, ${keyIdLength}) AS name, count(*) AS rows FROM (
           SELECT value, expires_at FROM gatehouse_entry UNION ALL SELECT value, expires_at FROM gatehouse_member
         ) WHERE ${living} GROUP BY 1`,
      ),
      durability: [
        { setting: 'journal_mode', value: String(pragma('journal_mode')) },
        // 2 is FULL: a commit waits for the disk.
        {
          setting: 'synchronous',
          value: pragma('synchronous') === 2 ? 'FULL' : String(pragma('synchronous')),
        },
      ],
    }
  }

  close(): void {
    this.#queue.flush()
    this.#database.close()
  }

  /** In one transaction: the file is locked once, not for each key. */
  async #readAll(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const now = this.#now()
    this.#assertThere()
    this.#database.exec('BEGIN')
    try {
      return keys.map((key) => (this.#statements.get.get(key, now) as { value: string } | undefined)?.value)
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #set({ key, value, ttlMs }: Entry<string>): void {
    this.#statements.set.run(key, value, this.#expiry(ttlMs))
  }

  #expiry(ttlMs: number | undefined): number | null {
    return ttlMs === undefined ? null : Math.ceil(this.#now() + ttlMs)
  }
}

function openDatabase(file: string): DatabaseSync {
  keepPrivate(file)
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  // Before there is a table, or it has no effect.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL')
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  // Two processes that start at once would both create: this lets one at a time.
  database.exec('BEGIN IMMEDIATE')
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  assertKnownSchema(version, schemaVersion)
  for (const step of schemaSteps.slice(version)) database.exec(step)
  database.exec(`PRAGMA user_version = ${schemaVersion}`)
  database.exec('COMMIT')
  return database
}
