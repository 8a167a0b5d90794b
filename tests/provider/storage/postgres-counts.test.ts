import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { Pool } from 'pg'
import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import { PostgresStore } from '../../../provider/storage/postgres-store.ts'
import { createOwnStore, type OwnStore } from '../../support/own-store.ts'
import { describeWithPostgres } from '../../support/real-stores.ts'

const callers = Array.from({ length: 50 }, (_, index) => `caller-${index}`)

describeWithPostgres('50 counts that come at once', (server) => {
  let own: OwnStore
  let store: PostgresStore
  let limiter: RateLimiterAbstract
  beforeAll(async () => {
    own = await createOwnStore(server)
    store = await PostgresStore.open(own.url, { timeoutMs: 5000, onerror: () => {}, now: Date.now })
    limiter = store.createLimiter('test', { points: 100, seconds: 60 })
  })
  afterAll(async () => {
    await store.close()
    await own.drop()
  })

  /** Outside of a transaction each statement is a commit of its own. */
  async function statementsOf(use: () => readonly Promise<unknown>[]): Promise<number> {
    const query = jest.spyOn(Pool.prototype, 'connect')
    try {
      await Promise.all(use())
      return query.mock.calls.length
    } finally {
      query.mockRestore()
    }
  }

  // What rate-limiter-flexible calls its statements is not documented: after an upgrade this may fail.
  it.each<[string, (caller: string) => Promise<unknown>]>([
    ['of different callers', (caller) => limiter.consume(caller)],
    ['of one caller', () => limiter.consume('caller')],
    ['that are read', (caller) => limiter.get(caller)],
    ['that are forgotten', (caller) => limiter.delete(caller)],
  ])('%s take one statement', async (_, use) => {
    expect(await statementsOf(() => callers.map(use))).toBe(1)
  })
})
