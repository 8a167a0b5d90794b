import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { RateLimiterSQLite } from 'rate-limiter-flexible'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import type { WriteQueue } from './write-queue.ts'

/** A limiter over node:sqlite, in the shape of the driver that rate-limiter-flexible knows. */
export function createSqliteLimiter(
  database: DatabaseSync,
  queue: WriteQueue,
  name: string,
  { points, seconds }: RateLimit,
): RateLimiterSQLite {
  const prepared = new Map<string, StatementSync>()
  const storeClient = {
    prepare(sql: string): StatementSync {
      const statement = prepared.get(sql) ?? database.prepare(sql)
      prepared.set(sql, statement)
      return statement
    },
    transaction:
      <Result>(write: () => Result) =>
      () =>
        queue.write(write),
  }
  const limiter = new RateLimiterSQLite({
    storeClient,
    storeType: 'better-sqlite3',
    tableName: 'gatehouse_count',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: name,
    points,
    duration: seconds,
  })
  const forget = storeClient.prepare('DELETE FROM gatehouse_count WHERE key = ?')
  // The library's own would wait for a commit of its own.
  limiter.delete = (key) => queue.write(() => forget.run(limiter.getKey(String(key))).changes > 0)
  return limiter
}
