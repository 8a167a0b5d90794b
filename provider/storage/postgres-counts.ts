import type { QueryConfig } from 'pg'
import type { PostgresPool } from '../../runtime/postgres-pool.ts'
import { Batches } from './batches.ts'

/** A count, as rate-limiter-flexible reads it. */
interface Row {
  readonly points: number
  /** Unix milliseconds. */
  readonly expire: string | null
}

type Answer = { readonly rows: readonly Row[]; readonly rowCount: number }
type Statement = readonly unknown[]

const table = 'gatehouse_count'

const statements = {
  // In the order of the keys: two that count the same never wait for one another.
  upsert: `INSERT INTO ${table} (key, points, expire)
    SELECT key, sum(points), max(expire)
    FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS asked (key, points, expire) GROUP BY key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
      points = CASE WHEN ${table}.expire <= $4 THEN 0 ELSE ${table}.points END + excluded.points,
      expire = CASE WHEN ${table}.expire <= $4 THEN excluded.expire ELSE ${table}.expire END
    RETURNING key, points, expire`,
  get: `SELECT key, points, expire FROM ${table} WHERE key = ANY($1) AND (expire > $2 OR expire IS NULL)`,
  delete: `WITH counted AS (SELECT key FROM ${table} WHERE key = ANY($1) ORDER BY key FOR UPDATE)
    DELETE FROM ${table} WHERE key IN (SELECT key FROM counted) RETURNING key, points, expire`,
}

/**
 * What rate-limiter-flexible takes for a pool: it counts together what comes up together, in one statement and one
 * commit. Logins that come at once count the same address; one after the other each would wait for the row.
 * Statements other than those that it is known to send go to the pool as they are.
 */
export function createCountingPool(pool: PostgresPool): { query(statement: QueryConfig): Promise<Answer> } {
  const ask = async (name: keyof typeof statements, values: unknown[]) => {
    const { rows } = await pool.query({ name: `gatehouse_count_${name}`, text: statements[name], values })
    return new Map<unknown, Row>(rows.map(({ key, ...row }) => [key, row]))
  }
  const answerOf = (row: Row | undefined): Answer => ({ rows: row ? [row] : [], rowCount: row ? 1 : 0 })

  async function upsertAll(asked: readonly Statement[]): Promise<readonly Answer[]> {
    const column = (index: number) => asked.map((values) => values[index])
    const rows = await ask('upsert', [column(0), column(1), column(2), latest(column(3))])
    // Each is told what it would have been told alone: the count without those that came after it.
    const answers = asked.toReversed().map(([key, points]) => {
      const row = rows.get(key) as Row
      rows.set(key, { ...row, points: row.points - Number(points) })
      return answerOf(row)
    })
    return answers.reverse()
  }

  const batches: Readonly<Record<string, Batches<Statement, Answer>>> = {
    [`${table}:rlflx-upsert`]: new Batches(upsertAll, { atOnce: 1 }),
    [`${table}:rlflx-get`]: new Batches(async (asked) => {
      const rows = await ask('get', [asked.map(([key]) => key), latest(asked.map(([, now]) => now))])
      return asked.map(([key]) => answerOf(rows.get(key)))
    }),
    [`${table}:rlflx-delete`]: new Batches(
      async (asked) => {
        const rows = await ask('delete', [asked.map(([key]) => key)])
        return asked.map(([key]) => answerOf(rows.get(key)))
      },
      { atOnce: 1 },
    ),
  }

  return {
    query: (statement) =>
      batches[statement.name ?? '']?.ask(statement.values ?? []) ??
      (pool.query(statement) as unknown as Promise<Answer>),
  }
}

function latest(times: readonly unknown[]): number {
  return Math.max(...times.map(Number))
}
