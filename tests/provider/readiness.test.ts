import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import { type OwnServer, startOwnPostgres, startOwnRedis } from '../support/own-servers.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'
import { describeWithStores } from '../support/real-stores.ts'
import { testStoreKey } from '../support/storages.ts'

const startStore = { Redis: startOwnRedis, Postgres: startOwnPostgres }

// The fault: store down, with a server of this test's own that is killed.
describeWithStores('store down: readiness with state', ({ name }) => {
  let store: OwnServer | undefined
  afterEach(async () => {
    killPrograms()
    await store?.remove()
  })

  it('fails within 5 s of its loss and comes back with it; requests answer 5xx meanwhile', async () => {
    store = await startStore[name]()
    const [port, metricsPort] = [await findFreePort(), await findFreePort()]
    const program = startProgram('provider/main.ts', {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      STORE: store.url,
      STORE_KEY: testStoreKey,
    })
    await program.wrote(/operations/)
    const ready = () =>
      fetch(`http://127.0.0.1:${metricsPort}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
        ({ status }) => status,
      )
    const refresh = () =>
      fetch(`http://localhost:${port}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: 'test-client',
        }),
      }).then(({ status }) => status)
    expect([await ready(), await refresh()]).toEqual([200, 400])
    await store.kill()
    const lostAt = performance.now()
    expect(await ready()).toBe(503)
    expect(performance.now() - lostAt).toBeLessThan(5000)
    expect(await refresh()).toBeGreaterThanOrEqual(500)
    await store.start()
    while ((await ready()) !== 200) await delay(50)
    expect(await refresh()).toBe(400)
  })
})
