import { RateLimiterMemory, RateLimiterPostgres } from 'rate-limiter-flexible'
import { changeSchema, haveTables, openPostgres } from '../../runtime/postgres-pool.ts'
import type { RateLimit } from '../../runtime/rate-limiter.ts'
import { unnamed, withFallback, wrapLimiter } from '../../runtime/rate-limiter.ts'
import type { ReplayStore } from '../auth/dpop.ts'
import { probeLimit, probeWrites } from './probe-writes.ts'
import type { SharedState } from './shared-state.ts'

/** How long a statement may take before the state counts as lost, in milliseconds. */
const timeoutMs = 1000
const sweepEveryMs = 60_000

const tables = ['gatehouse_dpop_proof', 'gatehouse_rate']

const schema = `CREATE UNLOGGED TABLE IF NOT EXISTS gatehouse_dpop_proof (
  key text PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS gatehouse_dpop_proof_expires_at ON gatehouse_dpop_proof (expires_at);
CREATE UNLOGGED TABLE IF NOT EXISTS gatehouse_rate (
  key text PRIMARY KEY,
  points integer NOT NULL DEFAULT 0,
  expire bigint
);`

const sweepProofs = 'DELETE FROM gatehouse_dpop_proof WHERE expires_at < now()'
const sweepRates = 'DELETE FROM gatehouse_rate WHERE expire < extract(epoch FROM now()) * 1000'

/** One statement, so one winner: the row is new, or the old one had expired. */
const add = `INSERT INTO gatehouse_dpop_proof (key, expires_at) VALUES ($1, now() + make_interval(secs => $2))
ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE gatehouse_dpop_proof.expires_at < now()`

/** State in PostgreSQL. Tables are created when they are missing, and swept. */
export async function openPostgresState(url: string, onerror: (error: Error) => void): Promise<SharedState> {
  const pool = openPostgres(url, { timeoutMs, onerror })
  try {
    // A user who may not make tables can use those that are there.
    if (!(await haveTables(pool, tables))) await changeSchema(pool, { condition: 'true', changes: schema })
  } catch (error) {
    await pool.end()
    throw error
  }
  const sweep = () => Promise.all([pool.query(sweepProofs), pool.query(sweepRates)]).catch(onerror)
  const timer = setInterval(sweep, sweepEveryMs).unref()
  const replayStore: ReplayStore = {
    add: async (key, ttlSeconds) => (await pool.query(add, [key, ttlSeconds])).rowCount === 1,
  }
  const createShared = (name: string, { points, seconds }: RateLimit) =>
    new RateLimiterPostgres({
      storeClient: pool,
      storeType: 'pool',
      tableName: 'gatehouse_rate',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points,
      duration: seconds,
    })
  const probeCounts = wrapLimiter(createShared('probe', probeLimit))
  return {
    replayStore,
    createRateLimiter(name, { points, seconds }) {
      const shared = createShared(name, { points, seconds })
      const local = new RateLimiterMemory({ points, duration: seconds })
      return withFallback(unnamed(wrapLimiter(shared)), wrapLimiter(local), timeoutMs)
    },
    check: () => probeWrites(replayStore, probeCounts),
    async close() {
      clearInterval(timer)
      await pool.end()
    },
  }
}
