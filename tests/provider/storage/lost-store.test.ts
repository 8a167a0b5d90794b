import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type OwnServer, startOwnPostgres, startOwnRedis } from '../../support/own-servers.ts'
import { introspect, obtainTokens, post, refresh } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { testStoreKey } from '../../support/storages.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

const offline = { scope: 'read offline_access', prompt: 'consent' }

/** Everything that a client can ask, with a token that is good. */
async function askEverything(running: RunningProvider, tokens: Record<string, unknown>) {
  const { issuer, config } = running
  const register = fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://app.example/callback'] }),
  })
  const client = { client_id: config.client.id }
  const answers = await Promise.all([
    introspect(running, tokens.access_token),
    refresh(running, tokens.refresh_token),
    post(`${issuer}/revoke`, { token: String(tokens.access_token), ...client }),
    post(`${issuer}/par`, {
      response_type: 'code',
      redirect_uri: 'http://127.0.0.1/callback',
      ...pkce,
      ...client,
    }),
    register,
  ])
  return answers.map(({ status }) => status)
}

const pkce = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' }

/** Asks until it works again, as a caller would. */
async function untilActive(running: RunningProvider, token: unknown): Promise<void> {
  const giveUp = performance.now() + 15_000
  while (performance.now() < giveUp) {
    const { status, body } = await introspect(running, token)
    if (status === 200) return expect(body).toMatchObject({ active: true })
    expect(status).toBeGreaterThanOrEqual(500)
    await delay(50)
  }
  throw new Error('The service has not returned.')
}

describe.each([
  ['Redis', startOwnRedis, 6379],
  ['PostgreSQL', startOwnPostgres, 5432],
] as const)('store down: %s', (_name, startStore, defaultPort) => {
  let store: OwnServer
  let proxy: TcpProxy
  let running: RunningProvider
  beforeAll(async () => {
    store = await startStore()
    proxy = await startTcpProxy(store.url, defaultPort)
    running = await startProvider({ env: { STORE: proxy.through(store.url), STORE_KEY: testStoreKey } })
  })
  afterAll(async () => {
    await running.stop()
    await proxy.stop()
    await store.remove()
  })

  it('answers 5xx while it is killed, never a false no, and goes on when it is back (attack 0b)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    await store.kill()
    for (const status of await askEverything(running, body)) expect(status).toBeGreaterThanOrEqual(500)
    await store.start()
    await untilActive(running, body.access_token)
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  })

  it('answers 5xx within three seconds while it hangs, and goes on afterwards', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    proxy.hang()
    const started = performance.now()
    for (const status of await askEverything(running, body)) expect(status).toBeGreaterThanOrEqual(500)
    expect(performance.now() - started).toBeLessThan(5000)
    await proxy.heal()
    await untilActive(running, body.access_token)
  })
})
