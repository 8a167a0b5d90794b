import { describe, expect, it } from '@jest/globals'
import { registrationLimits } from '../../provider/registered-clients.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { authorizationRequest, Browser, redeem, refresh, signIn } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

const day = 86_400_000
const redirect_uri = 'http://127.0.0.1/callback'

const register = ({ issuer }: RunningProvider, metadata = {}, headers = {}) =>
  fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      redirect_uris: [redirect_uri],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      ...metadata,
    }),
  })

/** Behind a proxy, so that a test can come from many addresses. */
const env = { TRUST_PROXY: 'loopback', RATE_LIMIT_ANONYMOUS: '1000000' }
const from = (address: string) => ({ 'x-forwarded-for': address, 'x-forwarded-proto': 'http' })

describe('registrations (attack 27)', () => {
  it('are counted exactly, when 100 of one address come at once, and others are served', async () => {
    const running = await startProvider({ env })
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => register(running, {}, from('192.0.2.1'))),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(registrationLimits.address)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(100 - registrationLimits.address)
    for (const answer of refused) {
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(await answer.json()).toMatchObject({ error: 'too_many_requests' })
    }
    expect((await register(running, {}, from('192.0.2.2'))).status).toBe(201)
    await running.stop()
  })

  it('have a quota for all together, which what was refused does not use up', async () => {
    const storage = await openStorage('memory:')
    const running = await startProvider({ env, storage })
    const { all } = registrationLimits
    await storage.createLimiter('registrations', { points: all, seconds: 86_400 }).penalty('all', all - 10)
    const each = (metadata: object) =>
      Promise.all(Array.from({ length: 50 }, (_, i) => register(running, metadata, from(`192.0.2.${i}`))))
    for (const { status } of await each({ redirect_uris: ['javascript:alert(1)'] })) {
      expect([400, 429]).toContain(status)
    }
    expect((await each({})).filter(({ status }) => status === 201)).toHaveLength(10)
    await running.stop()
    await storage.close()
  })

  it('are forgotten after a day without use, and 90 days after the last one', async () => {
    let now = Date.now()
    const storage = await openStorage('memory:', { now: () => now })
    const running = await startProvider({ storage })
    const known = async (client_id: string) => {
      const { url } = authorizationRequest(running, { client_id, redirect_uri })
      return (await new Browser().open(url)).status === 200
    }
    const [used, unused] = await Promise.all(
      [0, 1].map(async () => (await (await register(running)).json()).client_id),
    )
    const params = { client_id: used, redirect_uri, scope: 'read offline_access', prompt: 'consent' }
    const request = authorizationRequest(running, params)
    const { body } = await redeem(running, request, await signIn(new Browser(), request, 'alice'))
    now += 2 * day
    expect([await known(used), await known(unused)]).toEqual([true, false])
    now += 20 * day
    expect((await refresh(running, body.refresh_token, { client_id: used })).status).toBe(200)
    now += 91 * day
    expect(await known(used)).toBe(false)
    await running.stop()
    await storage.close()
  })
})
