import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, sendBatch } from '../support/mcp-request.ts'
import { openStream } from '../support/mcp-stream.ts'
import { type RunningResourceServer, startResourceServer } from '../support/start-resource-server.ts'

let time: number
let issuer: IssuerStandIn
let server: RunningResourceServer

beforeEach(async () => {
  time = Date.now()
  issuer = await startIssuer({ now: () => time })
  const env = { RATE_LIMIT_ANONYMOUS: '1000000' }
  server = await startResourceServer({ issuer: issuer.issuer, env, now: () => time })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const lists = { toolsListChanged: true, resourcesListChanged: true }
const acknowledged = { method: 'notifications/subscriptions/acknowledged' }

describe('a stream without a token', () => {
  it('may watch lists, and acknowledges nothing else', async () => {
    const stream = await openStream(server.resource, lists)
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(await stream.next()).toMatchObject({ ...acknowledged, params: { notifications: lists } })
    stream.close()
  })

  it.each([
    ['documents', { resourceSubscriptions: ['doc://doc1'] }],
    ['documents beside lists', { ...lists, resourceSubscriptions: ['doc://doc1'] }],
    ['something unknown', { anything: true }],
  ])('31: may not watch %s', async (_, filter) => {
    const { status, headers } = await openStream(server.resource, filter)
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('resource_metadata=')
  })

  it('is one of four at most from one address', async () => {
    const streams = await Promise.all(Array.from({ length: 6 }, () => openStream(server.resource, lists)))
    expect(streams.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 429, 429])
    const refused = streams.find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('60')
    expect(refused?.headers.has('www-authenticate')).toBe(false)
    for (const stream of streams) stream.close()
  })

  it('is one of a few from one IPv6 network, however many addresses it has', async () => {
    const behindProxy = await startResourceServer({
      issuer: issuer.issuer,
      env: { RATE_LIMIT_ANONYMOUS: '1000000', TRUST_PROXY: 'loopback' },
    })
    const open = (address: string) =>
      openStream(behindProxy.resource, lists, { headers: { 'x-forwarded-for': address } })
    const of64 = await Promise.all(Array.from({ length: 6 }, (_, index) => open(`2001:db8:1:1::${index}`)))
    expect(of64.filter(({ status }) => status === 200)).toHaveLength(4)
    const of56 = await Promise.all(Array.from({ length: 18 }, (_, index) => open(`2001:db8:2:${index}::1`)))
    expect(of56.filter(({ status }) => status === 200)).toHaveLength(16)
    for (const stream of [...of64, ...of56]) stream.close()
    await behindProxy.stop()
  })

  it('is one of 256 at most from everywhere, and streams with a token are counted apart', async () => {
    const behindProxy = await startResourceServer({
      issuer: issuer.issuer,
      env: { RATE_LIMIT_ANONYMOUS: '1000000', TRUST_PROXY: 'loopback' },
    })
    const streams = await Promise.all(
      Array.from({ length: 260 }, (_, index) =>
        openStream(behindProxy.resource, lists, {
          headers: { 'x-forwarded-for': `203.0.${index >> 8}.${index & 255}` },
        }),
      ),
    )
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(256)
    expect(streams.filter(({ status }) => status === 429)).toHaveLength(4)
    const own = await openStream(behindProxy.resource, lists, { token: issuer.issue(behindProxy.resource) })
    expect(own.status).toBe(200)
    for (const stream of [...streams, own]) stream.close()
    await behindProxy.stop()
  })

  it('leaves room for other requests, and for streams with a token', async () => {
    const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(server.resource, lists)))
    expect((await callTool(server.resource, 'public_info')).status).toBe(200)
    const token = issuer.issue(server.resource)
    const own = await openStream(server.resource, lists, { token })
    expect(own.status).toBe(200)
    for (const stream of [...streams, own]) stream.close()
  })

  it('makes room when it is closed', async () => {
    const streams = await Promise.all(Array.from({ length: 4 }, () => openStream(server.resource, lists)))
    for (const stream of streams) stream.close()
    // The server notices a moment after the client has gone.
    let next = await openStream(server.resource, lists)
    for (let attempt = 0; attempt < 1000 && next.status === 429; attempt += 1) {
      next = await openStream(server.resource, lists)
    }
    expect(next.status).toBe(200)
    next.close()
  })

  it('takes no room when it is asked for in a legacy batch, where there are no streams', async () => {
    const listen = { jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params: { notifications: lists } }
    for (let round = 0; round < 6; round += 1) {
      const { answers } = await sendBatch(server.resource, [
        listen,
        { jsonrpc: '2.0', id: 2, method: 'ping' },
      ])
      expect(answers).toContainEqual(expect.objectContaining({ id: 1, error: expect.anything() }))
    }
    const stream = await openStream(server.resource, lists)
    expect(stream.status).toBe(200)
    stream.close()
  })
})

describe('a stream with a token', () => {
  it('ends when the token does', async () => {
    const exp = Math.floor(time / 1000) + 60
    const token = issuer.issue(server.resource, { exp })
    time = exp * 1000 - 200
    const stream = await openStream(server.resource, lists, { token })
    expect(await stream.next()).toMatchObject(acknowledged)
    await stream.ended
    expect(await stream.next()).toBeUndefined()
  })

  it('ends when the token is revoked, and not while nobody can say', async () => {
    const eager = await startResourceServer({
      issuer: issuer.issuer,
      env: { INTROSPECTION_CACHE_SECONDS: '1' },
    })
    try {
      const token = issuer.issue(eager.resource)
      const stream = await openStream(eager.resource, lists, { token })
      expect(await stream.next()).toMatchObject(acknowledged)
      issuer.fail('internal_error', ['introspection'])
      await issuer.reached('introspection', issuer.use.introspection.requests + 2)
      expect(await Promise.race([stream.ended.then(() => 'ended'), setImmediate('open')])).toBe('open')
      await issuer.heal()
      issuer.tokens.delete(token)
      await stream.ended
      expect(await stream.next()).toBeUndefined()
    } finally {
      await eager.stop()
    }
  })

  it('stays open for a token that lasts longer than a timer can', async () => {
    const token = issuer.issue(server.resource, { exp: Math.floor(time / 1000) + 10 * 365 * 86_400 })
    const stream = await openStream(server.resource, lists, { token })
    expect(await stream.next()).toMatchObject(acknowledged)
    const first = await Promise.race([
      stream.ended.then(() => 'ended'),
      callTool(server.resource, 'public_info'),
    ])
    expect(first).not.toBe('ended')
    stream.close()
  })

  it('31: does not open for a bad one', async () => {
    expect((await openStream(server.resource, lists, { token: 'bad' })).status).toBe(401)
  })
})

it('ends its streams when the server stops', async () => {
  const stream = await openStream(server.resource, lists)
  await stream.next()
  await server.stop()
  await stream.ended
  expect(await stream.next()).toBeUndefined()
})
