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

  it.each([
    ['/64', 60, (index: number) => `2001:db8::${index.toString(16)}`],
    ['/56', 4 * 60, (index: number) => `2001:db8:0:${(index % 256).toString(16)}::1`],
    ['/48', 8 * 60, (index: number) => `2001:db8:0:${((index % 256) << 8).toString(16)}::1`],
  ])('of one IPv6 %s stay below %i a day', async (_, most, addressOf) => {
    const running = await startProvider({ env })
    const answers: number[] = []
    for (let index = 0; index < most + 20; index += 20) {
      const some = Array.from({ length: 20 }, (_, i) => register(running, {}, from(addressOf(index + i))))
      answers.push(...(await Promise.all(some)).map(({ status }) => status))
    }
    expect(answers.filter((status) => status === 201)).toHaveLength(most)
    expect((await register(running, {}, from('2001:db8:1::1'))).status).toBe(201)
    await running.stop()
  })

  it('drop the oldest that nobody has used when there are too many, and never a used one', async () => {
    const running = await startProvider({ env, maxUnusedClients: 20 })
    const known = async (client_id: string) => {
      const { url } = authorizationRequest(running, { client_id, redirect_uri })
      return (await new Browser().open(url)).status === 200
    }
    const add = async (i: number): Promise<string> => {
      const answer = await register(running, {}, from(`192.0.2.${i}`))
      expect(answer.status).toBe(201)
      return (await answer.json()).client_id
    }
    const [redeemed, consented, unused] = [await add(0), await add(0), await add(0)]
    const requestOf = (client_id: string) =>
      authorizationRequest(running, { client_id, redirect_uri, scope: 'read', prompt: 'consent' })
    const request = requestOf(redeemed)
    await redeem(running, request, await signIn(new Browser(), request, 'alice'))
    await signIn(new Browser(), requestOf(consented), 'alice')
    const flood = await Promise.all(Array.from({ length: 40 }, (_, i) => add(i)))
    expect(await Promise.all([redeemed, consented, unused].map(known))).toEqual([true, true, false])
    const left = (await Promise.all(flood.map(known))).filter(Boolean)
    expect(left.length).toBeLessThanOrEqual(20)
    expect(left.length).toBeGreaterThan(0)
    const metrics = await running.server.metrics.text()
    expect(metrics).toMatch(/gatehouse_security_events_total\{event="client_dropped"\} \d+/)
    await running.stop()
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
