import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Client } from 'pg'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import type { Storage } from '../../../provider/storage/storage.ts'
import { openSharedState, type SharedState } from '../../../resource-server/state/shared-state.ts'
import { type OwnServer, startOwnPostgres, startOwnStandby } from '../../support/own-servers.ts'
import { findFreePort, killPrograms, startProgram } from '../../support/programs.ts'
import { describeWithPostgres } from '../../support/real-stores.ts'
import { testStoreKey, unique } from '../../support/storages.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

/** Runs statements, each in a transaction of its own. @returns the rows of the last one */
async function ask(
  url: string,
  ...statements: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url)
  await client.connect()
  try {
    let rows: readonly Record<string, unknown>[] = []
    for (const sql of statements) rows = (await client.query(sql)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** Makes every transaction read-only that begins from now on, or lifts that. Superusers are bound by it too. */
async function setReadOnly(url: string, value: 'on' | 'off'): Promise<void> {
  const allow = 'SET default_transaction_read_only = off'
  await ask(
    url,
    allow,
    `ALTER SYSTEM SET default_transaction_read_only = ${value}`,
    'SELECT pg_reload_conf()',
  )
  await until(async () => {
    const [row] = await ask(url, 'SHOW default_transaction_read_only')
    return row?.default_transaction_read_only === value
  })
}

// Each test has servers of its own.
jest.setTimeout(240_000)

afterAll(killPrograms)

describeWithPostgres('when PostgreSQL takes no writes,', () => {
  let primary: OwnServer
  let proxy: TcpProxy
  let storage: Storage
  let state: SharedState
  let close: () => Promise<void> = async () => {}
  beforeEach(async () => {
    primary = await startOwnPostgres()
    proxy = await startTcpProxy(primary.url, 5432)
  })
  afterEach(async () => {
    killPrograms()
    await close()
    close = async () => {}
    await proxy.stop()
    await primary.remove()
  })

  const open = async (url: string) => {
    storage = await openStorage(url, { keys: [testStoreKey] })
    state = await openSharedState(url)
    close = async () => {
      await storage.close()
      await state.close()
    }
  }

  /** What both say of their readiness: undefined when they are ready. */
  const problems = () =>
    Promise.all(
      [storage, state].map((one) =>
        one.check().then(
          () => undefined,
          (error: Error) => error.message,
        ),
      ),
    )

  /** Uses as many connections as at once can be used. */
  const useAll = () =>
    Promise.all([
      storage.set(`Client:${unique()}`, 'kept'),
      storage.get(`Client:${unique()}`),
      storage.delete(`Client:${unique()}`),
      storage.addMember(`Set:${unique()}`, 'a', 60_000),
      storage.members(`Set:${unique()}`),
      storage.createLimiter('test', { points: 9, seconds: 60 }).consume(unique()),
      ...Array.from({ length: 9 }, () => state.replayStore.add(unique(), 60)),
    ])

  it('both are not ready and say why, and are ready again with it', async () => {
    await open(primary.url)
    await useAll()
    await setReadOnly(primary.url, 'on')
    for (const problem of await problems()) expect(problem).toMatch(/it is read-only[^\n]+, 25006; \S/)
    await expect(storage.set('Client:x', 1)).rejects.toThrow()
    await expect(state.replayStore.add(unique(), 60)).rejects.toThrow()
    await setReadOnly(primary.url, 'off')
    expect(await problems()).toEqual([undefined, undefined])
    await useAll()
  })

  it('both programs answer /readyz with 503 and the reason, and with 200 afterwards', async () => {
    const [port, metrics, mcp, mcpMetrics] = await Promise.all(Array.from({ length: 4 }, findFreePort))
    const env = { ISSUER: `http://localhost:${port}`, RESOURCE: `http://localhost:${mcp}/mcp` }
    const provider = startProgram('provider/main.ts', {
      ...{ ...env, PORT: `${port}`, METRICS_PORT: `${metrics}` },
      ...{ STORE: primary.url, STORE_KEY: testStoreKey },
    })
    await provider.wrote(/Ctrl-C/)
    const server = startProgram('resource-server/main.ts', {
      ...{ ...env, PORT: `${mcp}`, METRICS_PORT: `${mcpMetrics}`, REPLAY_STORE: primary.url },
    })
    await server.wrote(/\/readyz|Ctrl-C/)
    const ready = () =>
      Promise.all(
        [metrics, mcpMetrics].map(async (at) => {
          const answer = await fetch(`http://127.0.0.1:${at}/readyz`)
          return [answer.status, await answer.text()] as const
        }),
      )
    const statuses = async () => (await ready()).map(([status]) => status)
    await until(async () => (await statuses()).every((status) => status === 200))
    await setReadOnly(primary.url, 'on')
    for (const [status, text] of await ready()) {
      expect(status).toBe(503)
      expect(text).toMatch(/^not ready: [^\n]+\n$/)
    }
    await setReadOnly(primary.url, 'off')
    expect(await statuses()).toEqual([200, 200])
  })

  // Each of these is what a statement is refused with while the connection stays.
  it.each([
    ['its disk is full', '53100'],
    ['it is out of memory', '53200'],
    ['another session holds a lock', '55P03'],
  ])('both say that %s (%s), and are ready again with it', async (words, code) => {
    await open(primary.url)
    await ask(
      primary.url,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'refused' USING ERRCODE = '${code}'; END $$`,
      ...['gatehouse_count', 'gatehouse_rate'].map(
        (table) => `CREATE TRIGGER refuse BEFORE INSERT ON ${table} EXECUTE FUNCTION refuse()`,
      ),
    )
    for (const problem of await problems()) expect(problem).toMatch(`${words}`)
    await ask(primary.url, 'DROP FUNCTION refuse CASCADE')
    expect(await problems()).toEqual([undefined, undefined])
  })

  it('both are not ready while the rights of their user are revoked, or a table is gone', async () => {
    await ask(primary.url, 'CREATE ROLE worker LOGIN', 'GRANT CREATE ON SCHEMA public TO worker')
    const url = new URL(primary.url)
    url.username = 'worker'
    await open(url.href)
    const tables = 'gatehouse_entry, gatehouse_dpop_proof'
    await ask(primary.url, `REVOKE DELETE, UPDATE ON ${tables} FROM worker`)
    for (const problem of await problems()) expect(problem).toMatch(/may not[^\n]+, 42501; \S/)
    await ask(primary.url, `GRANT DELETE, UPDATE ON ${tables} TO worker`)
    expect(await problems()).toEqual([undefined, undefined])
    const rename = ['gatehouse_member', 'gatehouse_rate'].map((table) => [table, `${table}_aside`] as const)
    await ask(primary.url, ...rename.map(([from, to]) => `ALTER TABLE ${from} RENAME TO ${to}`))
    for (const problem of await problems()) expect(problem).toMatch(/table is missing, 42P01; \S/)
    await ask(primary.url, ...rename.map(([from, to]) => `ALTER TABLE ${to} RENAME TO ${from}`))
    expect(await problems()).toEqual([undefined, undefined])
  })

  it('both go on after all their connections were ended, and are not ready while their user may not log in', async () => {
    await ask(primary.url, 'CREATE ROLE worker LOGIN', 'GRANT CREATE ON SCHEMA public TO worker')
    const url = new URL(primary.url)
    url.username = 'worker'
    await open(url.href)
    await useAll()
    const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'worker'"
    await ask(primary.url, end)
    await until(() => useAll().then(() => true))
    await ask(primary.url, 'ALTER ROLE worker NOLOGIN', end)
    await until(async () => (await problems()).every((problem) => /28000/.test(problem ?? '')))
    await ask(primary.url, 'ALTER ROLE worker LOGIN')
    expect(await problems()).toEqual([undefined, undefined])
  })

  describe('with a standby,', () => {
    let second: OwnServer
    const before = 'Client:before'
    beforeEach(async () => {
      await open(proxy.through(primary.url))
      await storage.set(before, 'of the old primary')
      await useAll()
      second = await startOwnStandby(primary)
    })
    afterEach(() => second.remove())
    const promote = () => ask(second.url, 'SELECT pg_promote(true, 300)')

    it('both read and write at the new primary at once where the old one lives on, with all its connections, read-only', async () => {
      await promote()
      await setReadOnly(primary.url, 'on')
      proxy.retarget(second.url)
      // A read is the first to notice: the old one still knows what has been deleted.
      await ask(second.url, "DELETE FROM gatehouse_entry WHERE key LIKE 'Client:%'")
      expect(await storage.get(before)).toBeUndefined()
      const key = `Client:${unique()}`
      await storage.set(key, 'of the new primary')
      expect(await state.replayStore.add(unique(), 60)).toBe(true)
      // Whatever connection it takes: none of those to the old one is left.
      for (let round = 0; round < 20; round += 1) {
        expect(await Promise.all([storage.get(key), storage.get(key)])).toEqual(
          Array(2).fill('of the new primary'),
        )
        await useAll()
      }
      expect(await problems()).toEqual([undefined, undefined])
    })

    it('both are not ready while their address leads to it, and ready when it is promoted', async () => {
      await proxy.cut()
      proxy.retarget(second.url)
      await proxy.heal()
      await until(async () => (await problems()).every((problem) => /25006|0A000|55000/.test(problem ?? '')))
      for (const problem of await problems()) expect(problem).toMatch(/it is read-only: a standby/)
      await promote()
      await until(async () => (await problems()).every((problem) => problem === undefined))
      await useAll()
    })
  })
})
