import { Pool } from 'pg'
import type { ConnectionOptions } from './connection-options.ts'

/**
 * A pool of connections to PostgreSQL. They are opened when they are needed, and again when they are lost.
 * @param url `postgres://` or `postgresql://`
 */
export function openPostgres(url: string, { timeoutMs, onerror }: ConnectionOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    allowExitOnIdle: true,
  })
  pool.on('error', onerror)
  return pool
}

/** One lock for all: replicas that start at once would otherwise both create the tables. */
const schemaLock = 7_234_981

/** Runs statements in one transaction that no two processes are in at once. */
export async function exclusively<Result>(
  pool: Pool,
  change: (query: (sql: string) => Promise<{ rows: readonly Record<string, unknown>[] }>) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock(${schemaLock})`)
    const result = await change((sql) => client.query(sql))
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    // The connection goes, and the transaction with it.
    client.release(true)
    throw error
  }
}
