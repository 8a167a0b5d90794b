import { afterEach, describe, expect, it } from '@jest/globals'
import { captureLog } from '../support/captured-log.ts'
import { rawRequest } from '../support/raw-request.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
const log = captureLog()
afterEach(() => running.stop())

/** An issuer behind a TLS proxy: `localhost`, so that the test accounts may be used. */
const start = async (TRUST_PROXY: string) => {
  running = await startProvider({ env: { ISSUER: 'https://localhost', TRUST_PROXY }, logger: log.logger })
}

const metadata = (...headers: string[]) =>
  rawRequest(`${running.issuer}/.well-known/oauth-authorization-server`, {
    method: 'GET',
    headers: ['Host', 'localhost', ...headers],
  })

describe('X-Forwarded-Proto', () => {
  it('of a trusted proxy is what the request came with', async () => {
    await start('loopback')
    const { status, headers, body } = await metadata('X-Forwarded-Proto', 'https')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ token_endpoint: 'https://localhost/token' })
    expect(headers['strict-transport-security']).toMatch(/^max-age=31536000/)
  })

  it.each([
    ['of anybody else', '10.0.0.0/8', ['X-Forwarded-Proto', 'https']],
    ['that says http', 'loopback', ['X-Forwarded-Proto', 'http']],
    ['that is not there', 'loopback', []],
  ])('%s serves no https issuer in plain text: 421, and what to set', async (_what, trusted, headers) => {
    await start(trusted)
    const answer = await metadata(...headers)
    expect(answer.status).toBe(421)
    expect(answer.body).toMatch(/X-Forwarded-Proto.*TRUST_PROXY/)
    expect(answer.headers).not.toHaveProperty('strict-transport-security')
  })
})

describe('X-Forwarded-Host', () => {
  it('is not believed, whoever sends it (attack 0c)', async () => {
    await start('loopback')
    const evil = ['X-Forwarded-Host', 'evil.example', 'Forwarded', 'host=evil.example']
    const { status, body } = await metadata('X-Forwarded-Proto', 'https', ...evil)
    expect(status).toBe(200)
    expect(body).not.toContain('evil.example')
    const foreign = await metadata('X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'localhost')
    expect(foreign.status).toBe(200)
  })

  it('opens no other host (attack 0c)', async () => {
    await start('loopback')
    const { status } = await rawRequest(`${running.issuer}/jwks`, {
      method: 'GET',
      headers: ['Host', 'evil.example', 'X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'localhost'],
    })
    expect(status).toBe(421)
  })
})

describe('X-Forwarded-For', () => {
  const refusedFrom = async (...headers: string[]) => {
    const seen = log.records().length
    await rawRequest(`${running.issuer}/token`, {
      headers: ['Host', 'localhost', 'Content-Type', 'application/x-www-form-urlencoded', ...headers],
      body: 'grant_type=authorization_code&client_id=nobody',
    })
    return log.records().slice(seen)
  }

  it('names in the audit trail who was behind the proxy, and nobody the caller makes up', async () => {
    await start('loopback')
    const spoofed = '198.51.100.9, 203.0.113.7'
    expect(await refusedFrom('X-Forwarded-Proto', 'https', 'X-Forwarded-For', spoofed)).toEqual([
      expect.objectContaining({ event: 'client_refused', client_id: 'nobody', address: '203.0.113.7' }),
    ])
  })
})
