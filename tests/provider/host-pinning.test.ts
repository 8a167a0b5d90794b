import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

const metadataPath = '/.well-known/oauth-authorization-server'

/** `fetch` sets Host itself and knows no absolute form. */
async function get(path: string, headers: Record<string, string>) {
  const { port } = new URL(running.issuer)
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string; csp: unknown }>()
  request({ host: '127.0.0.1', port, path, headers }, (response) => {
    const csp = response.headers['content-security-policy']
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body, csp }), reject)
  })
    .on('error', reject)
    .end()
  return promise
}

describe('hostPinning (attack 0c)', () => {
  it('serves the issuer’s own host, in any letters', async () => {
    const { host } = new URL(running.issuer)
    for (const name of [host, host.toUpperCase()]) {
      const { status, body } = await get(metadataPath, { host: name })
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({
        issuer: running.issuer,
        token_endpoint: `${running.issuer}/token`,
      })
    }
  })

  it.each([
    ['a foreign host', { host: 'evil.example' }],
    ['another name of this machine', { host: '127.0.0.1:9000' }],
    ['the host without its port', { host: 'localhost' }],
  ])('answers %s with 421 and the right URL', async (_what, headers) => {
    const { status, body, csp } = await get(metadataPath, headers)
    expect(status).toBe(421)
    expect(body).toContain(running.issuer)
    expect(body).not.toContain('evil.example')
    expect(csp).toContain("default-src 'none'")
  })

  it('refuses a target in absolute form, which would get past the Host header', async () => {
    const { host } = new URL(running.issuer)
    const { status, body } = await get(`http://evil.example${metadataPath}`, { host })
    expect(status).toBe(421)
    expect(body).not.toContain('evil.example')
  })

  it('takes nothing from X-Forwarded-Host', async () => {
    const { host } = new URL(running.issuer)
    const { body } = await get(metadataPath, {
      host,
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    })
    expect(body).not.toContain('evil.example')
  })
})
