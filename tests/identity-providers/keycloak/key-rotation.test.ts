import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { callTool } from '../../support/mcp-request.ts'
import type { RunningResourceServer } from '../../support/start-resource-server.ts'
import { adminApi, issuer, obtainToken, startMcp } from './keycloak.ts'

let time: number
let mcp: RunningResourceServer
let fetches: jest.Spied<typeof fetch>
beforeEach(async () => {
  time = Date.now()
  // jose has no other clock for its keys.
  jest.spyOn(Date, 'now').mockImplementation(() => time)
  fetches = jest.spyOn(globalThis, 'fetch')
  mcp = await startMcp({ TOKEN_VALIDATION: 'jwt', INTROSPECTION_CACHE_SECONDS: '0' })
})
afterEach(async () => {
  jest.restoreAllMocks()
  await mcp.stop()
})

const statusOf = async (token: string) =>
  (await callTool(mcp.resource, 'get_user_profile', {}, { token })).status
const keyOf = (token: string) => decodeProtectedHeader(token).kid
const keyFetches = () =>
  fetches.mock.calls.filter(([url]) => String(url) === `${issuer}/protocol/openid-connect/certs`).length

/** As an administrator does it: Realm settings > Keys > Add provider, with a higher priority. */
async function addKey(priority: number): Promise<void> {
  await adminApi.request('POST', '/gatehouse/components', {
    name: `rotated-${priority}`,
    providerId: 'rsa-generated',
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: [String(priority)], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
  })
}

describe('when Keycloak gets a new signing key', () => {
  it('old tokens stay good, new ones are good, and its keys are fetched once in 30 seconds at most', async () => {
    const old = await obtainToken('alice')
    expect(await statusOf(old)).toBe(200)
    expect(keyFetches()).toBe(1)

    await addKey(200)
    time += 30_000
    const young = await obtainToken('alice')
    expect(keyOf(young)).not.toBe(keyOf(old))
    expect([await statusOf(young), await statusOf(old)]).toEqual([200, 200])
    expect(keyFetches()).toBe(2)

    await addKey(300)
    const youngest = await obtainToken('alice')
    expect(keyOf(youngest)).not.toBe(keyOf(young))
    expect(await statusOf(youngest)).not.toBe(200)
    expect(keyFetches()).toBe(2)
    time += 30_000
    expect([await statusOf(youngest), await statusOf(young), await statusOf(old)]).toEqual([200, 200, 200])
    expect(keyFetches()).toBe(3)
  })
})
