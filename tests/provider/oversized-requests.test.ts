import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { rawRequest } from '../support/raw-request.ts'
import { authorizationRequest, Browser, post } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

/** How often the store has been used. */
async function storeUses(): Promise<number> {
  const counts = (await running.server.metrics.text()).matchAll(/^gatehouse_store_seconds_count\S* (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Asks with a scope of that many characters. */
async function ask(where: string, length: number) {
  const scope = 'read made-up '.repeat(length / 13 + 1).slice(0, length)
  const { url } = authorizationRequest(running, { scope })
  const before = await storeUses()
  const answer =
    where === 'a pushed request'
      ? await post(`${running.issuer}/par`, Object.fromEntries(new URL(url).searchParams))
      : await new Browser().request(url)
  return { status: answer.status, uses: (await storeUses()) - before }
}

describe('a scope that is too long (attack 7)', () => {
  it.each([
    ['the URL', 431],
    ['a pushed request', 400],
  ])('is an error at 100 kB, and costs the store nothing: in %s', async (where, status) => {
    expect(await ask(where, 100_000)).toEqual({ status, uses: 0 })
  })

  it.each([
    ['the URL', 3_500],
    ['a pushed request', 3_500],
  ])('makes the store no more work than a short one: in %s', async (where, length) => {
    const short = await ask(where, 4)
    const long = await ask(where, length)
    expect(long.status).toBe(short.status)
    expect(long.uses).toBeLessThanOrEqual(short.uses)
  })
})

describe('a request that says more than 4096 characters', () => {
  const long = { state: 's'.repeat(2_500), login_hint: 'h'.repeat(2_500) }

  it('is refused where it would be kept for half an hour: pushed', async () => {
    const { url } = authorizationRequest(running, long)
    const fields = Object.fromEntries(new URL(url).searchParams)
    const before = await storeUses()
    const answer = await post(`${running.issuer}/par`, fields)
    expect([answer.status, await storeUses()]).toEqual([400, before])
    expect(answer.body).toMatchObject({
      error: 'invalid_request',
      error_description: 'the parameters must have up to 4096 characters together',
    })
  })

  it('is refused where it would be kept for half an hour: in the URL', async () => {
    const before = await storeUses()
    const { headers } = await new Browser().request(authorizationRequest(running, long).url)
    expect(new URL(headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_request')
    expect(await storeUses()).toBe(before)
  })

  it('is refused where it would be kept for half an hour: of a device', async () => {
    const answer = await post(`${running.issuer}/device/auth`, {
      client_id: 'test-client',
      scope: 'read',
      acr_values: 'a'.repeat(5_000),
    })
    expect(answer.status).toBe(400)
  })
})

describe('the token endpoint (attack 21)', () => {
  it.each([
    ['GET', { method: 'GET' }],
    ['PUT', { method: 'PUT', body: 'grant_type=refresh_token' }],
    ['JSON', { headers: ['Content-Type', 'application/json'], body: '{"grant_type":"refresh_token"}' }],
    [
      'a body of 57 KiB',
      {
        headers: ['Content-Type', 'application/x-www-form-urlencoded'],
        body: `grant_type=refresh_token&refresh_token=${'x'.repeat(57 * 1024)}`,
      },
    ],
  ])('answers %s with an error that no cache keeps', async (_what, request) => {
    const { status, headers } = await rawRequest(`${running.issuer}/token`, request)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['x-frame-options']).toBe('DENY')
  })
})

describe('a body that does not end', () => {
  it.each(['/token', '/register', '/nowhere', '/interaction/unknown'])(
    'sent to %s is answered early and cut off',
    async (path) => {
      const { port, host } = new URL(running.issuer)
      const socket = connect({ port: Number(port), host: '127.0.0.1' })
      socket.on('error', () => {}) // being cut off is what is waited for
      await once(socket, 'connect')
      let answer = ''
      socket.on('data', (data) => {
        answer += data
      })
      const type = path === '/register' ? 'application/json' : 'application/x-www-form-urlencoded'
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      )
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
      const closed = new Promise((resolve) => socket.once('close', resolve))
      const send = (error?: Error | null) => {
        if (!error && socket.writable) socket.write(chunk, send)
      }
      send()
      await closed
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(answer).toMatch(/connection: close/i)
    },
  )
})
