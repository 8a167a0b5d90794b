import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createProofKey } from '../support/dpop-proof.ts'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { type McpAnswer, postMcp } from '../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'

let issuer: IssuerStandIn
let server: RunningResourceServer
beforeEach(async () => {
  issuer = await startIssuer()
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  server = await startResourceServer({ issuer: issuer.issuer, env })
}

const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'public_info', arguments: {} } }

const ask = (token?: string, forwardedFor?: string): Promise<McpAnswer> =>
  postMcp(server.resource, call, {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
  })

async function statuses(count: number, send: (index: number) => Promise<McpAnswer>): Promise<number[]> {
  const seen: number[] = []
  for (let index = 0; index < count; index += 1) seen.push((await send(index)).status)
  return seen
}

describe('too many requests', () => {
  it('of an address without a token are answered 429, with when to come back', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '3' })
    expect(await statuses(3, () => ask())).toEqual([200, 200, 200])
    const { status, headers, body } = await ask()
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(headers.has('www-authenticate')).toBe(false)
    expect(body.error?.message).toBe('Too many requests. Try again shortly.')
  })

  it('of one caller are counted whatever token it uses, and cost nobody else anything', async () => {
    await start({ RATE_LIMIT: '2', RATE_LIMIT_ANONYMOUS: '1' })
    const aliceA = issuer.issue(server.resource)
    const aliceB = issuer.issue(server.resource)
    const bob = issuer.issue(server.resource, { sub: 'bob' })
    expect(await statuses(3, (index) => ask(index % 2 === 0 ? aliceA : aliceB))).toEqual([200, 200, 429])
    expect((await ask(bob)).status).toBe(200)
    expect((await ask()).status).toBe(200)
  })

  it('are those of a batch, too: each of its messages counts', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '3' })
    const batch = (size: number) =>
      postMcp(
        server.resource,
        Array.from({ length: size }, (_, id) => ({ ...call, id })),
        { 'mcp-protocol-version': '2025-03-26' },
      )
    expect((await batch(4)).status).toBe(429)
    expect((await ask()).status).toBe(429)
  })

  it('of others at its address keep nobody from having a token asked about again', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '1', INTROSPECTION_CACHE_SECONDS: '0' })
    const good = issuer.issue(server.resource)
    expect((await ask(good)).status).toBe(200)
    expect(await statuses(3, () => ask())).toEqual([200, 429, 429])
    expect((await ask(good)).status).toBe(200)
    expect(issuer.use.introspection.requests).toBeGreaterThanOrEqual(2)
  })

  it('with bad tokens do not have the issuer asked any more, and leave good ones alone', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '5' })
    const good = issuer.issue(server.resource)
    expect((await ask(good)).status).toBe(200)
    const answers = await statuses(20, (index) => ask(`random-${index}`))
    expect(answers.filter((status) => status === 401)).toHaveLength(5)
    expect(answers.slice(-5)).toEqual([429, 429, 429, 429, 429])
    expect(issuer.use.introspection.requests).toBeLessThanOrEqual(1 + 6)
    expect((await ask(good)).status).toBe(200)
  })
})

describe('a good token that the server has not seen', () => {
  it('is let in whatever its neighbours at the same address ask without a token', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '4' })
    const batch = Array.from({ length: 50 }, (_, id) => ({ ...call, id }))
    for (let index = 0; index < 4; index += 1) {
      await postMcp(server.resource, batch, { 'mcp-protocol-version': '2025-03-26' })
    }
    expect((await ask()).status).toBe(429)
    expect((await ask(issuer.issue(server.resource))).status).toBe(200)
  })

  it('is let in after a while beside a flood of bad tokens from the same address, and the issuer is asked seldom', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '3' })
    const good = issuer.issue(server.resource)
    const startedAt = performance.now()
    let sent = 0
    const flood = async () => {
      const answers = await statuses(3, () => ask(`random-${sent++}`))
      return answers.every((status) => status === 429)
    }
    while (!(await flood())) expect(sent).toBeLessThan(20)
    while ((await ask(good)).status !== 200) await flood()
    const seconds = (performance.now() - startedAt) / 1000
    // Two a second, and those before the limit was known.
    expect(issuer.use.introspection.requests).toBeLessThanOrEqual(3 + 2 + 2 * seconds)
  })

  it('is not refused because its first proof lacks the nonce while neighbours ask without a token', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '1', DPOP_NONCE_KEY: 'n'.repeat(43) })
    expect(await statuses(2, () => ask())).toEqual([200, 429])
    const key = await createProofKey()
    const token = issuer.issue(server.resource, { token_type: 'DPoP', cnf: { jkt: key.thumbprint } })
    const answer = await postMcp(server.resource, call, {
      authorization: `DPoP ${token}`,
      dpop: await key.prove({ url: server.resource, token }),
    })
    expect([answer.status, answer.headers.get('www-authenticate')?.includes('use_dpop_nonce')]).toEqual([
      401,
      true,
    ])
  })
})

describe('an IPv6 network', () => {
  it('cannot multiply its share: a /56 has four times, and a /48 eight times what an address has', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '2', TRUST_PROXY: 'loopback' })
    const of56 = await statuses(12, (index) => ask(undefined, `2001:db8:1:${index.toString(16)}::1`))
    expect(of56.filter((status) => status === 200)).toHaveLength(8)
    const of48 = await statuses(24, (index) => ask(undefined, `2001:db8:2:${index.toString(16)}00::1`))
    expect(of48.filter((status) => status === 200)).toHaveLength(16)
    const bad = await statuses(12, (index) => ask(`random-${index}`, `2001:db8:3:${index.toString(16)}::1`))
    expect(bad.filter((status) => status === 401)).toHaveLength(8)
    expect((await ask(undefined, '2001:db8:4::1')).status).toBe(200)
  })
})

describe('X-Forwarded-For', () => {
  it('is not believed by default: a caller cannot pass for many', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '2' })
    expect(await statuses(3, (index) => ask(undefined, `203.0.113.${index}`))).toEqual([200, 200, 429])
  })

  it('is believed when a proxy that TRUST_PROXY names says it', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '1', TRUST_PROXY: 'loopback' })
    expect(await statuses(3, (index) => ask(undefined, `203.0.113.${index}`))).toEqual([200, 200, 200])
    expect((await ask(undefined, '203.0.113.0')).status).toBe(429)
  })

  it('is believed no further than the last address that is no trusted proxy', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '1', TRUST_PROXY: 'loopback' })
    const spoofed = (index: number) => ask(undefined, `198.51.100.${index}, 203.0.113.7`)
    expect(await statuses(2, spoofed)).toEqual([200, 429])
  })

  it('is not believed when another proxy is named', async () => {
    await start({ RATE_LIMIT_ANONYMOUS: '1', TRUST_PROXY: '10.0.0.0/8' })
    expect(await statuses(2, (index) => ask(undefined, `203.0.113.${index}`))).toEqual([200, 429])
  })
})
