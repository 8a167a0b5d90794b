import { Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg'
import type { ConnectionOptions } from './connection-options.ts'
import { isOfStandby } from './postgres-trouble.ts'

/** Connections to PostgreSQL. */
export interface PostgresPool {
  /**
   * Runs one statement, or several that need no values, in a transaction of their own. A statement with a name is
   * prepared once on a connection, where the connection is one.
   */
  query(statement: string | QueryConfig, values?: readonly unknown[]): Promise<QueryResult>
  /** Closes the connections. */
  end(): Promise<void>
}

/** What is known of a connection. */
interface Met {
  /** Which set of connections it belongs to: those of an earlier one are closed instead of used. */
  readonly generation: number
  /** Whether a statement that was prepared on it is there the next time. */
  readonly keepsStatements: boolean
}

/** What a new connection is asked. `current_setting` and this number are as old as PostgreSQL 8.2. */
const introduction = "SELECT pg_backend_pid() AS pid, current_setting('server_version_num') AS version"

/** `ON CONFLICT` came with it. */
const oldestVersion = 90_500

/** `read_only_sql_transaction`: it was a primary and is not one now, or not one yet. Nothing was written. */
const readOnly = '25006'

/** What the server says of its own end: where the address leads afterwards, another one may answer. */
const goingAway: ReadonlySet<unknown> = new Set(['57P01', '57P02', '57P03'])

/**
 * A pool of connections to PostgreSQL. They are opened when they are needed, and again when they are lost or when
 * the server at their other end takes no writes any more: the address may lead to a new primary by then.
 *
 * It keeps no state in a session, so that a pooler in transaction or statement mode may stand before the server.
 * @param url `postgres://` or `postgresql://`
 */
export function openPostgres(url: string, { timeoutMs, onerror }: ConnectionOptions): PostgresPool {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    allowExitOnIdle: true,
  })
  pool.on('error', onerror)
  // A connection that breaks during a statement also fails that, which tells it; unheard, it would end the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  const known = new WeakMap<PoolClient, Met>()
  let generation = 0

  async function meet(client: PoolClient): Promise<Met> {
    const current = generation
    try {
      const { pid, version } = (await client.query(introduction)).rows[0] ?? {}
      assertSupported(Number(version))
      // A pooler has numbers of its own for its clients, and lends each of them another connection every time.
      const met = { generation: current, keepsStatements: pid === Reflect.get(client, 'processID') }
      known.set(client, met)
      return met
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async function acquire(): Promise<{ client: PoolClient; fresh: boolean } & Met> {
    for (;;) {
      const client = await pool.connect()
      const before = known.get(client)
      const met = before ?? (await meet(client))
      if (met.generation === generation) return { client, fresh: before === undefined, ...met }
      client.release(true)
    }
  }

  async function query(
    statement: string | QueryConfig,
    values?: readonly unknown[],
    retried = false,
  ): Promise<QueryResult> {
    const { text, name, ...asked } =
      typeof statement === 'string' ? { text: statement, ...(values && { values: [...values] }) } : statement
    const { client, fresh, ...met } = await acquire()
    try {
      const named = name !== undefined && met.keepsStatements
      const result = await client.query({ text, ...asked, ...(named && { name }) })
      client.release()
      return result
    } catch (error) {
      client.release(true)
      const refused = refusesWrites(error)
      const { code } = Object(error)
      // A new connection that is refused as well tells nothing of the others.
      if (((refused && !fresh) || goingAway.has(code)) && met.generation === generation) generation += 1
      if (!refused || fresh || retried) throw error
    }
    return query(statement, values, true)
  }

  return { query: (statement, values) => query(statement, values), end: () => pool.end() }
}

/** Whether a server refused a statement because it takes no writes: then nothing of it was done. */
function refusesWrites(error: unknown): boolean {
  const { code, message } = Object(error)
  return code === readOnly || (typeof code === 'string' && isOfStandby(String(message)))
}

/** One lock for all: replicas that start at once would otherwise both create the tables. */
const schemaLock = 7_234_981

/**
 * Makes or changes tables, unless another process has done so meanwhile. It is one statement and so one transaction,
 * which no two processes are in at once; a pooler in statement mode takes it too.
 * @param condition SQL that says whether it is still to be done
 * @param changes SQL statements, each ended by a semicolon
 */
export async function changeSchema(
  pool: PostgresPool,
  { condition, changes }: { condition: string; changes: string },
): Promise<void> {
  await pool.query(`DO $gatehouse$ BEGIN
    PERFORM pg_advisory_xact_lock(${schemaLock});
    IF ${condition} THEN ${changes} END IF;
  END $gatehouse$`)
}

/** Whether there are tables of these names. */
export async function haveTables(pool: PostgresPool, names: readonly string[]): Promise<boolean> {
  const { rows } = await pool.query(`SELECT ${names.map(isThere).join(' AND ')} AS found`)
  return rows[0]?.found === true
}

/** SQL that says whether there is a table of that name, where unqualified names are looked for. */
export function isThere(table: string): string {
  return `to_regclass('${table}') IS NOT NULL`
}

function assertSupported(version: number): void {
  if (version >= oldestVersion) return
  const name = `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}`
  throw new Error(`it is PostgreSQL ${name}; 9.5 is the oldest that can be used: upgrade it`)
}
