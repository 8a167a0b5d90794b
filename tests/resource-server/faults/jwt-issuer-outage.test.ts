import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type IssuerFault, type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool } from '../../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

let time: number
let issuer: IssuerStandIn
let server: RunningResourceServer
const now = () => time
const seconds = () => Math.floor(time / 1000)

beforeEach(async () => {
  time = Math.floor(Date.now() / 1000) * 1000
  issuer = await startIssuer({ now })
  server = await startResourceServer({ issuer: issuer.issuer, env: { TOKEN_VALIDATION: 'jwt' }, now })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const sign = (claims: object = {}) => issuer.sign({ aud: server.resource, ...claims })
const profile = (token: string) => callTool(server.resource, 'get_user_profile', {}, { token })
const statusOf = async (token: string) => (await profile(token)).status

describe('issuer down, with JWTs: when its keys', () => {
  it.each<readonly [string, IssuerFault]>([
    ['are a 500', 'internal_error'],
    ['are garbage', 'garbage'],
    ['do not come', 'hang'],
  ])('%s, a token is a 503 with Retry-After within two seconds, and never a 401', async (_, fault) => {
    issuer.fail(fault, ['jwks'])
    const token = await sign()
    const started = performance.now()
    const { status, headers, body } = await profile(token)
    expect(performance.now() - started).toBeLessThan(2000)
    expect([status, headers.get('retry-after'), body.result]).toEqual([503, '5', undefined])
    expect(headers.has('www-authenticate')).toBe(false)
    expect((await callTool(server.resource, 'public_info')).status).toBe(200)
    await issuer.heal()
    expect(await statusOf(token)).toBe(200)
  })

  it('were fetched before, tokens that nobody has seen yet go on being accepted', async () => {
    expect(await statusOf(await sign())).toBe(200)
    await issuer.refuseConnections()
    expect(await statusOf(await sign())).toBe(200)
    expect(await statusOf(await sign({ aud: 'https://other.example' }))).toBe(401)
  })
})

describe('clock off by 60 s: a JWT', () => {
  it.each([
    ['that expired 60 seconds ago is refused', { exp: -60 }, 401],
    ['that expired 14 seconds ago is accepted', { exp: -14 }, 200],
    ['that starts in 60 seconds is refused', { nbf: 60, exp: 600 }, 401],
    ['that starts in 14 seconds is accepted', { nbf: 14, exp: 600 }, 200],
  ])('%s', async (_, offsets, status) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([name, by]) => [name, seconds() + by]))
    expect(await statusOf(await sign(claims))).toBe(status)
  })

  it('is judged alike when it is cached and when it is not', async () => {
    const token = await sign({ exp: seconds() - 5 })
    expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200])
    time += 9999
    expect(await statusOf(token)).toBe(200)
    time += 1001
    expect([await statusOf(token), await statusOf(token)]).toEqual([401, 401])
  })
})

describe('clock off by 60 s: an introspected token', () => {
  it('is as good as the issuer says, to the second of its exp', async () => {
    const introspecting = await startResourceServer({ issuer: issuer.issuer, now })
    const call = async (exp: number) => {
      const token = issuer.issue(introspecting.resource, { exp: seconds() + exp })
      return (await callTool(introspecting.resource, 'get_user_profile', {}, { token })).status
    }
    expect([await call(-60), await call(0), await call(2), await call(60)]).toEqual([401, 401, 200, 200])
    await introspecting.stop()
  })
})

it('key rotation: nothing is refused while the new key is published before its use', async () => {
  const old = await sign()
  await issuer.rotate()
  expect(await statusOf(old)).toBe(200)
  expect(await statusOf(await sign())).toBe(200)
  expect(issuer.use.jwks.requests).toBe(1)
})
