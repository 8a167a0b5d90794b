import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type IssuerFault, type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, sendRequest } from '../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'

let time: number
let issuer: IssuerStandIn
let server: RunningResourceServer
const now = () => time

beforeEach(async () => {
  time = Date.parse('2026-01-01T00:00:00Z')
  issuer = await startIssuer({ now })
  const env = { RATE_LIMIT: '1000000', RATE_LIMIT_ANONYMOUS: '1000000' }
  server = await startResourceServer({ issuer: issuer.issuer, env, now })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const profile = (token: string) => callTool(server.resource, 'get_user_profile', {}, { token })

async function expectUnavailable(token: string): Promise<void> {
  for (const tool of ['public_info', 'get_user_profile', 'read_data']) {
    const { status, headers, body } = await callTool(
      server.resource,
      tool,
      { resource_id: 'doc1' },
      { token },
    )
    expect([tool, status, body.result]).toEqual([tool, 503, undefined])
    expect(headers.get('retry-after')).toBe('5')
    expect(headers.has('www-authenticate')).toBe(false)
    expect(body.error?.message).toContain('cannot be checked right now')
  }
}

const faults: readonly (readonly [name: string, fault: IssuerFault])[] = [
  ['answers 500', 'internal_error'],
  ['answers garbage', 'garbage'],
  ['refuses this server', 'unauthorized'],
  ['answers a redirect', { status: 302, json: {} }],
  ['answers without saying whether the token is active', { status: 200, json: {} }],
  ['says "active" in words', { status: 200, json: { active: 'true' } }],
  ['answers an array', { status: 200, json: [{ active: true }] }],
  ['answers null', { status: 200, json: null }],
  ['is rate limited', { status: 429, json: { error: 'slow_down' } }],
]

describe('when the issuer', () => {
  it.each(faults)(
    '%s at introspection, an unknown token is a 503, never a 401, and never let in',
    async (_, fault) => {
      issuer.fail(fault, ['introspection'])
      await expectUnavailable(issuer.issue(server.resource, { scope: 'read' }))
    },
  )

  it.each(faults)('%s for its metadata, an unknown token is a 503', async (_, fault) => {
    issuer.fail(fault, ['metadata'])
    await expectUnavailable(issuer.issue(server.resource))
  })

  it('refuses connections, an unknown token is a 503', async () => {
    await issuer.refuseConnections()
    await expectUnavailable(issuer.issue(server.resource))
  })

  it('names another issuer in its metadata, its answers are not asked for', async () => {
    Object.assign(issuer.metadata, { issuer: 'https://evil.example' })
    await expectUnavailable(issuer.issue(server.resource))
    expect(issuer.use.introspection.requests).toBe(0)
  })

  it('is down, public tools and lists work without a token', async () => {
    await issuer.refuseConnections()
    expect((await callTool(server.resource, 'public_info')).status).toBe(200)
    expect((await sendRequest(server.resource, 'tools/list')).status).toBe(200)
    expect((await callTool(server.resource, 'get_user_profile')).status).toBe(401)
  })

  it('is down, a cached token lives on to its time to live and not beyond', async () => {
    const token = issuer.issue(server.resource)
    expect((await profile(token)).status).toBe(200)
    await issuer.refuseConnections()
    time += 9999
    expect((await profile(token)).status).toBe(200)
    time += 1
    expect((await profile(token)).status).toBe(503)
  })

  it('is down, a cached token is not accepted beyond its exp', async () => {
    const token = issuer.issue(server.resource, { exp: time / 1000 + 5 })
    expect((await profile(token)).status).toBe(200)
    await issuer.refuseConnections()
    time += 5000
    expect((await profile(token)).status).toBe(401)
  })

  it('comes back, tokens work again at once', async () => {
    const token = issuer.issue(server.resource)
    await issuer.refuseConnections()
    expect((await profile(token)).status).toBe(503)
    await issuer.heal()
    expect((await profile(token)).status).toBe(200)
  })

  it('hangs, public tools and cached tokens are served meanwhile', async () => {
    const cached = issuer.issue(server.resource)
    await profile(cached)
    issuer.fail('hang')
    const stuck = profile(issuer.issue(server.resource))
    await issuer.reached('introspection', 2)
    expect((await profile(cached)).status).toBe(200)
    expect((await callTool(server.resource, 'public_info')).status).toBe(200)
    await issuer.heal()
    expect((await stuck).status).toBe(200)
  })

  it('hangs for good, an unknown token is a 503', async () => {
    await profile(issuer.issue(server.resource))
    issuer.fail('hang')
    expect((await profile(issuer.issue(server.resource))).status).toBe(503)
  })
})

describe('a herd', () => {
  it.each([
    ['good', true, 200],
    ['bad', false, 401],
  ])('of 1,000 calls with one cold %s token is one introspection', async (_, isGood, status) => {
    const token = isGood ? issuer.issue(server.resource) : 'bad'
    const answers = await Promise.all(Array.from({ length: 1000 }, () => profile(token)))
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([status]))
    expect(issuer.use.introspection.requests).toBe(1)
  })

  it('of 200 tokens asks about no more than 50 at once, and all are let in, on a busy machine by a second try', async () => {
    issuer.fail('hang', ['introspection'])
    const tokens = Array.from({ length: 200 }, () => issuer.issue(server.resource))
    const answers = Promise.all(tokens.map(profile))
    // A busy machine asks about fewer at once, and about 4 in any case.
    await issuer.reached('introspection', 4)
    await issuer.heal()
    for (const [index, { status }] of (await answers).entries()) {
      expect([200, 503]).toContain(status)
      if (status === 503) expect((await profile(tokens[index] as string)).status).toBe(200)
    }
    expect(issuer.use.introspection.mostOpen).toBeLessThanOrEqual(50)
  })
})

it('refuses a revoked token after the cache time although the system’s clock stepped back an hour', async () => {
  let steady = 0
  const stepping = await startResourceServer({ issuer: issuer.issuer, now, steadyNow: () => steady })
  try {
    const token = issuer.issue(stepping.resource)
    const ask = () => callTool(stepping.resource, 'get_user_profile', {}, { token })
    expect((await ask()).status).toBe(200)
    issuer.tokens.delete(token)
    time -= 3_600_000
    expect((await ask()).status).toBe(200)
    steady += 10_000
    expect((await ask()).status).toBe(401)
  } finally {
    await stepping.stop()
  }
})

it('refuses a revoked token once its cached answer has had its time', async () => {
  const token = issuer.issue(server.resource)
  expect((await profile(token)).status).toBe(200)
  issuer.tokens.delete(token)
  time += 9999
  expect((await profile(token)).status).toBe(200)
  time += 1
  expect((await profile(token)).status).toBe(401)
})
