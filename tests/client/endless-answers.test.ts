import { afterEach, describe, expect, it } from '@jest/globals'
import { describeError } from '../../client/describe-error.ts'
import { exitStatus } from '../../client/failure.ts'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { createOAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'
import { createTrace } from '../../client/trace/trace.ts'
import { createFlood, drip, type Flood, openRawFlood } from '../support/flood.ts'
import { startMaliciousAuthorizationServer } from '../support/malicious-authorization-server.ts'
import { type McpServerSpite, startMaliciousMcpServer } from '../support/malicious-mcp-server.ts'
import { createStandIns, type StandInAnswer } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const eventStream = { 'content-type': 'text/event-stream' }
const hungUp = 'the client hung up'

/** Opens a session at a server that answers calls of its tool as it likes. */
async function openSession(
  answer: NonNullable<McpServerSpite['answer']>,
  options: Partial<OAuthClientOptions> = {},
) {
  const authorizationServer = await startMaliciousAuthorizationServer(standIns)
  const mcp = await startMaliciousMcpServer(standIns, {
    issuers: () => [authorizationServer.origin],
    answer: (request, message) =>
      request.method !== 'POST' || message.method === 'tools/call' ? answer(request, message) : undefined,
  })
  const client = createOAuthClient({
    resource: mcp.resource,
    store: createMemoryTokenStore(),
    grant: authorizationCode({ visit: async (url) => void (await (await fetch(url)).text()) }),
    maxResponseBytes: 64 * 1024,
    ...options,
  })
  const session = await client.connect()
  const call = async () =>
    await session.callTool({ name: 'a_tool', arguments: {} }).then(
      (result) => result,
      (error: unknown) => describeError(error),
    )
  return { ...mcp, client, call, close: () => session.close() }
}

/** What the call came to, and how the flood ended. */
async function callInto(flood: Flood, answer: StandInAnswer, options?: Partial<OAuthClientOptions>) {
  const { call, close } = await openSession(() => ({ ...answer, send: flood.send }), options)
  const outcome = await call()
  await close()
  return [outcome, await flood.ended()]
}

const tooLong = { message: expect.stringMatching(/is too long: more than \d+ [KM]iB/) }

describe('an answer of the MCP server', () => {
  it.each([undefined, 'gzip', 'deflate', 'br', 'zstd'] as const)(
    'is not read without end: JSON, compressed with %s',
    async (coding) => {
      const flood = createFlood({ ...(coding && { coding }) })
      expect(await callInto(flood, {})).toEqual([expect.objectContaining(tooLong), hungUp])
    },
  )

  it('is not read without end: of an unknown type', async () => {
    const flood = createFlood()
    const answer = { headers: { 'content-type': 'text/html' } }
    expect((await callInto(flood, answer))[1]).toBe(hungUp)
  })

  it('is not begun to be read when it says itself that it is too long', async () => {
    const flood = createFlood()
    const answer = { headers: { 'content-length': String(256 * 2 ** 20) } }
    expect(await callInto(flood, answer)).toEqual([expect.objectContaining(tooLong), hungUp])
  })

  it.each([202, 302, 400, 401, 403, 404, 429, 500, 503])(
    'is not read without end: status %i',
    async (status) => {
      const flood = createFlood()
      expect(await callInto(flood, { status })).toEqual([expect.objectContaining(tooLong), hungUp])
    },
  )

  it('is not read without end by a fetch of the program’s own, nor by the trace', async () => {
    const flood = createFlood()
    const trace = createTrace()
    const outcome = await callInto(
      flood,
      {},
      {
        fetch: trace.watch(async (url, init) => await fetch(url, init as RequestInit)),
      },
    )
    expect(outcome).toEqual([expect.objectContaining(tooLong), hungUp])
    expect((await trace.hops()).length).toBeGreaterThan(0)
  })

  it('may be as long as a large result, and longer when the program says so', async () => {
    const text = 'x'.repeat(10 * 2 ** 20)
    const answer: McpServerSpite['answer'] = (_, { id }) => ({
      body: { jsonrpc: '2.0', id, result: { resultType: 'complete', content: [{ type: 'text', text }] } },
    })
    for (const [maxResponseBytes, outcome] of [
      [16 * 2 ** 20, { content: [{ type: 'text', text }] }],
      [8 * 2 ** 20, tooLong],
    ] as const) {
      const { call, close } = await openSession(answer, { maxResponseBytes })
      expect(await call()).toMatchObject(outcome)
      await close()
    }
  })
})

describe('a list of the MCP server', () => {
  it('has no pages without end', async () => {
    let pages = 0
    const { resource } = await startLists((id) => {
      const tools = [{ name: `tool-${++pages}`, inputSchema: { type: 'object' } }]
      return { body: { jsonrpc: '2.0', id, result: { ...listed, tools, nextCursor: `page-${pages}` } } }
    })
    await expect(list(resource)).rejects.toThrow(/pagination did not terminate/)
    expect(pages).toBe(16)
  })

  it('has no page without end, however much a result may have', async () => {
    const flood = createFlood()
    const { resource } = await startLists(() => ({ send: flood.send }))
    await expect(list(resource)).rejects.toMatchObject({
      message: expect.stringContaining('more than 4 MiB'),
    })
    expect(await flood.ended()).toBe(hungUp)
  })

  const listed = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }

  async function startLists(answer: (id: unknown) => StandInAnswer) {
    const authorizationServer = await startMaliciousAuthorizationServer(standIns)
    return await startMaliciousMcpServer(standIns, {
      issuers: () => [authorizationServer.origin],
      answer: (_, { id, method }) => (method === 'tools/list' ? answer(id) : undefined),
    })
  }

  async function list(resource: string): Promise<void> {
    const client = createOAuthClient({
      resource,
      store: createMemoryTokenStore(),
      grant: authorizationCode({ visit: async (url) => void (await (await fetch(url)).text()) }),
      maxResponseBytes: 2 ** 30,
    })
    const session = await client.connect()
    await session.listTools().finally(() => session.close())
  }
})

describe('a stream of the MCP server', () => {
  const progress =
    'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}'
  it.each([
    ['one event without end', { head: 'data: ' }],
    ['one event with lines without end', { chunk: 'data: x\n' }],
    ['one event with lines that end with carriage returns', { chunk: 'data: x\r' }],
    ['events without end that are no answer', { chunk: `${progress}\n\n` }],
    ['events without end whose lines end with both', { chunk: `${progress}\r\n\r\n` }],
    ['comments without end', { chunk: ':\n\n' }],
    ['one event without end, after one to resume at', { head: 'id: 1\nretry: 1\ndata:\n\ndata: ' }],
    ['a compressed event without end', { head: 'data: ', coding: 'gzip' }],
  ] as const)('is not read without end, and ends the call: %s', async (_what, options) => {
    const flood = createFlood({ chunk: ' '.repeat(65_536), ...options })
    expect(await callInto(flood, { headers: eventStream })).toEqual([
      expect.objectContaining(tooLong),
      hungUp,
    ])
  })

  it('may have progress of more than a message may have, before the answer', async () => {
    const { call, close } = await openSession((_, { id }) => ({
      headers: eventStream,
      send(response) {
        for (let count = 0; count < 1_500; count += 1) response.write(`${progress}\n\n`)
        const result = { resultType: 'complete', content: [{ type: 'text', text: 'done' }] }
        response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`)
      },
    }))
    expect(await call()).toMatchObject({ content: [{ text: 'done' }] })
    await close()
  })

  it('may go on for ever where the client listens, as long as its events are short', async () => {
    const { origin } = await standIns.start(() => ({
      '/mcp': { headers: eventStream, send: createFlood({ chunk: `${progress}\n\n`.repeat(700) }).send },
    }))
    const fetch = createSecureFetch(`${origin}/mcp`, { maxResponseBytes: 64 * 1024 })
    const response = await fetch(`${origin}/mcp`, { method: 'GET' })
    let length = 0
    for await (const chunk of response.body ?? []) {
      length += chunk.byteLength
      if (length > 8 * 2 ** 20) break
    }
    expect(length).toBeGreaterThan(8 * 2 ** 20)
  })
})

describe('an answer of OAuth', () => {
  const paths = [
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/register',
    '/token',
  ]
  it.each(paths.flatMap((path) => [200, 400, 500].map((status) => [path, status] as const)))(
    'is not read without end: %s, status %i',
    async (path, status) => {
      const flood = createFlood({ coding: 'gzip' })
      const route = { [path]: { status, send: flood.send } }
      const authorizationServer = await startMaliciousAuthorizationServer(standIns, { more: route })
      const mcp = await startMaliciousMcpServer(standIns, {
        issuers: () => [authorizationServer.origin],
        more: route,
      })
      const client = createOAuthClient({
        resource: mcp.resource,
        store: createMemoryTokenStore(),
        grant: authorizationCode({ visit: async (url) => void (await (await fetch(url)).text()) }),
      })
      const outcome = await client.connect().then(() => undefined, describeError)
      expect([outcome, await flood.ended()]).toEqual([expect.objectContaining(tooLong), hungUp])
    },
  )

  it.each(['token', 'mcp'] as const)('must end in time, and not only begin: %s', async (purpose) => {
    const { origin } = await standIns.start(() => ({ '/x': { status: 400, send: drip } }))
    const fetch = createSecureFetch(`${origin}/mcp`, { timeoutMs: 100 })
    await expect(fetch(`${origin}/x`, { purpose })).rejects.toMatchObject({
      status: exitStatus.unreachable,
      message: expect.stringContaining('no answer in 100 ms'),
    })
  })

  it.each(['token', 'mcp'] as const)('is no redirect that is followed: %s', async (purpose) => {
    const thief = await standIns.start(() => ({}))
    const { origin } = await standIns.start(() => ({
      '/x': { status: 307, headers: { location: `${thief.origin}/x` } },
    }))
    const fetch = createSecureFetch(`${origin}/mcp`)
    const headers = { authorization: 'Bearer an-access-token' }
    expect((await fetch(`${origin}/x`, { purpose, method: 'POST', headers, body: 'secret' })).status).toBe(
      307,
    )
    expect(thief.requests).toEqual([])
  })
})

describe('the head of an answer', () => {
  it.each([
    ['headers', 'HTTP/1.1 200 OK\r\n', `x: ${'x'.repeat(1000)}\r\n`],
    ['one header', 'HTTP/1.1 200 OK\r\nx: ', 'x'.repeat(65_536)],
    ['answers of status 103', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is not read without end: %s', async (_what, first, text) => {
    const server = await openRawFlood(first, text)
    const fetch = createSecureFetch(`${server.origin}/mcp`, { timeoutMs: 500 })
    await expect(fetch(`${server.origin}/mcp`)).rejects.toMatchObject({ status: exitStatus.unreachable })
    await server.hungUp
    server.close()
  })
})
