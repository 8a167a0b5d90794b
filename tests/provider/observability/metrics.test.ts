import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createStorageOver } from '../../../provider/storage/create-storage-over.ts'
import { captureLog } from '../../support/captured-log.ts'
import { introspect, obtainTokens, post, refresh } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { breakableStore } from '../../support/stores.ts'

const store = breakableStore()
const log = captureLog()
let running: RunningProvider
let tokens: Record<string, unknown>

/** Everything that happens to a sign-in, once. */
beforeAll(async () => {
  running = await startProvider({ storage: createStorageOver(store), logger: log.logger })
  const { issuer, config } = running
  tokens = (await obtainTokens(running, 'alice', { scope: 'read offline_access', prompt: 'consent' })).body
  const renewed = await refresh(running, tokens.refresh_token)
  await refresh(running, tokens.refresh_token)
  const again = (await obtainTokens(running, 'bob')).body
  await introspect(running, again.access_token)
  await post(`${issuer}/revoke`, { token: String(again.access_token), client_id: config.client.id })
  await post(`${issuer}/token`, { grant_type: 'made_up', client_id: config.client.id })
  await post(`${issuer}/token`, { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' })
  for (const made of ['up', 'up-too', '../../etc']) await fetch(`${issuer}/${made}`)
  store.down = true
  await refresh(running, renewed.body.refresh_token)
  store.down = false
})
afterAll(() => running.stop())

async function samples(name: string): Promise<Record<string, number>> {
  const lines = (await running.server.metrics.text()).split('\n').filter((line) => line.startsWith(name))
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /^\w+(\{.*\})? (.+)$/.exec(line) ?? []
      return [labels, Number(value)]
    }),
  )
}

describe('the metrics', () => {
  it('count requests by route, method and status, and none of the paths that callers make up', async () => {
    const counted = await samples('gatehouse_http_requests_total')
    expect(counted['{route="introspect",method="POST",status="200"}']).toBe(1)
    expect(counted['{route="other",method="GET",status="404"}']).toBe(3)
    expect(Object.keys(counted).join()).not.toMatch(/up-too|etc/)
    expect(await samples('gatehouse_requests_in_flight')).toEqual({ '': 0 })
    expect((await samples('gatehouse_http_request_seconds_count'))['{route="introspect"}']).toBe(1)
  })

  it('count grants by type and outcome', async () => {
    expect(await samples('gatehouse_grants_total')).toEqual({
      '{grant_type="authorization_code",outcome="success"}': 2,
      '{grant_type="refresh_token",outcome="success"}': 1,
      '{grant_type="refresh_token",outcome="invalid_grant"}': 1,
      '{grant_type="refresh_token",outcome="invalid_client"}': 1,
      '{grant_type="refresh_token",outcome="server_error"}': 1,
      '{grant_type="other",outcome="unsupported_grant_type"}': 1,
    })
  })

  it('time the store and count what it failed', async () => {
    const failed = await samples('gatehouse_store_errors_total')
    expect(Object.values(failed).some((count) => count > 0)).toBe(true)
    expect((await samples('gatehouse_store_seconds_count'))['{operation="get"}']).toBeGreaterThan(0)
  })
})

describe('the audit trail', () => {
  it('tells who got what through which client, and what was refused why', async () => {
    const left = ['login', 'grant_revoked']
    const trail = log.records().filter(({ event }) => event !== undefined && !left.includes(String(event)))
    const client = { client_id: 'test-client', address: '127.0.0.1' }
    const alice = { ...client, sub: 'alice' }
    const bob = { ...client, sub: 'bob' }
    expect(trail).toMatchObject([
      { event: 'consent', ...alice, scope: 'read offline_access' },
      { event: 'token_issued', ...alice, grant_type: 'authorization_code', scope: 'read' },
      { event: 'token_refreshed', ...alice },
      { event: 'token_replayed', client_id: 'test-client', reason: expect.stringMatching(/already/) },
      { event: 'consent', ...bob, scope: 'read' },
      { event: 'token_issued', ...bob },
      { event: 'token_revoked', ...bob },
      { event: 'token_refused', ...client, reason: expect.stringMatching(/^unsupported_grant_type/) },
      { event: 'client_refused', client_id: 'nobody', reason: expect.stringMatching(/^invalid_client/) },
    ])
    const counted = await samples('gatehouse_security_events_total')
    expect(counted['{event="token_replayed"}']).toBe(1)
    expect(counted['{event="token_issued"}']).toBe(2)
    expect(log.records()).toContainEqual(expect.objectContaining({ event: 'grant_revoked', sub: 'bob' }))
  })
})
