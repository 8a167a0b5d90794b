import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import Koa from 'koa'
import { guard } from '../../resource-server/access.ts'
import { toKoaMiddleware } from '../../resource-server/adapters/koa.ts'
import { toNodeListener } from '../../resource-server/adapters/node.ts'
import type { Decision } from '../../resource-server/auth/gate.ts'
import type { BodyOptions } from '../../resource-server/auth/receive-body.ts'
import { type ProtectedMcp, protectMcp } from '../../resource-server/protect.ts'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'
import { type IssuerStandIn, startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../support/mcp-request.ts'
import { createStrangersServer } from '../support/strangers-server.ts'

let issuer: IssuerStandIn
let server: ReturnType<typeof createHttpServer>
let mcp: ProtectedMcp
let url: string
let port: number
let decisions: Decision[]
const sockets: Socket[] = []

beforeEach(async () => {
  issuer = await startIssuer()
  decisions = []
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await mcp.close()
  await stop(server, 0)
  await issuer.stop()
})

type Adapter = 'node:http' | 'Koa' | 'fetch'

async function start(more: { bodies?: BodyOptions; limit?: object } = {}, adapter: Adapter = 'node:http') {
  server = createHttpServer((req, res) => void listener(req, res), {})
  port = await listen(server, { host: '127.0.0.1', port: 0 })
  url = `http://localhost:${port}/mcp`
  // Connections of an earlier test may still end: what they did is not of this one.
  const own = decisions
  mcp = await protectMcp(
    createStrangersServer(() => {}, guard),
    {
      issuer: issuer.issuer,
      resource: url,
      scopes: ['read', 'write', 'admin'],
      client: { id: 'mcp-server', secret: 'mcp-server-development-secret' },
      onDecision: (decision) => own.push(decision),
      ...more,
    } as Parameters<typeof protectMcp>[1],
  )
  const listener = {
    'node:http': toNodeListener(mcp),
    Koa: new Koa().use(toKoaMiddleware(mcp)).callback(),
    fetch: async (
      req: Parameters<ReturnType<typeof toNodeListener>>[0],
      res: Parameters<ReturnType<typeof toNodeListener>>[1],
    ) => {
      const request = new Request(url, {
        method: 'POST',
        headers: new Headers(Object.entries(req.headers) as [string, string][]),
        body: req as unknown as ReadableStream,
        duplex: 'half',
      } as RequestInit)
      const response = await mcp.fetch(request, { address: '192.0.2.1' })
      res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    },
  }[adapter]
}

const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]))
const initialize = (params: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'x', version: '1' },
    ...params,
  },
})
const kinds = () => decisions.map(({ denial }) => denial?.kind)

/** A request over a socket, whose answer grows in `text`. */
async function open(headers: readonly string[], body = ''): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  let text = ''
  socket.setEncoding('utf8').on('data', (data: string) => {
    text += data
  })
  await once(socket, 'connect')
  const head = ['POST /mcp HTTP/1.1', `Host: localhost:${port}`, 'Content-Type: application/json', ...headers]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  return { socket, text: () => text }
}
const answerOf = async ({ socket, text }: Awaited<ReturnType<typeof open>>) => {
  if (!socket.closed) await once(socket, 'close')
  return text()
}

describe.each<Adapter>(['node:http', 'Koa', 'fetch'])('without a token, on %s, a request', (adapter) => {
  it('with 90,000 keys is refused before anything validates it, and told what would be read', async () => {
    await start({}, adapter)
    const { status, body, headers } = await postMcp(url, initialize(keys(90_000)))
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('resource_metadata=')
    expect(body.error?.message).toBe('Without an access token a request has at most 65536 bytes.')
    expect(kinds()).toEqual(['body_too_large'])
  })

  it('of 64 KiB with more than 1000 keys, or more than 64 levels, is a 400', async () => {
    await start({}, adapter)
    const many = await postMcp(url, initialize({ _meta: keys(1001) }))
    expect([many.status, many.body.error?.message]).toEqual([
      400,
      'Without an access token a request has at most 1000 keys.',
    ])
    const deep = await postMcp(url, `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(30_000)}`)
    expect([deep.status, deep.body.error?.message]).toEqual([
      400,
      'Without an access token a request has at most 64 levels of nesting.',
    ])
    expect(kinds()).toEqual(['too_complex', 'too_complex'])
  })

  it('that grows beyond 64 KiB without saying so is a 413', async () => {
    await start({}, adapter)
    const text = JSON.stringify(initialize({ filler: 'x'.repeat(70_000) }))
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(kinds()).toEqual(['body_too_large'])
  })
})

describe('with a token a request', () => {
  it('may have 1 MiB, and no more than 10,000 keys', async () => {
    await start()
    const authorization = `Bearer ${issuer.issue(url, { scope: 'read' })}`
    const large = await postMcp(url, initialize({ filler: 'x'.repeat(900_000) }), { authorization })
    expect(large.status).toBe(200)
    const { status, body } = await postMcp(url, initialize(keys(90_000)), { authorization })
    expect([status, body.error?.message]).toEqual([400, 'A request has at most 10000 keys.'])
  })

  it('that is bad is told so, however large the request is', async () => {
    await start()
    const { status, headers } = await postMcp(url, initialize({ filler: 'x'.repeat(100_000) }), {
      authorization: 'Bearer bad',
    })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('invalid_token')
    expect(kinds()).toEqual(['invalid_token'])
  })
})

describe('a body that does not arrive', () => {
  it('is not waited for when the address has used up its share', async () => {
    await start({ limit: { count: async () => undefined, exceeded: async () => 7 } })
    const answer = await answerOf(await open(['Content-Length: 100'], '{'))
    expect(answer).toMatch(/^HTTP\/1\.1 429 /)
    expect(answer).toMatch(/retry-after: 7/i)
    expect(answer).toMatch(/connection: close/i)
    expect(kinds()).toEqual(['rate_limited'])
  })

  it('in time is a 408 that counts against the address', async () => {
    const counted: unknown[] = []
    const count = async ({ address, messages }: { address: string; messages: number }) =>
      void counted.push([address, messages])
    await start({
      bodies: { anonymous: { seconds: 0.05 } },
      limit: { count, exceeded: async () => undefined },
    })
    expect(await answerOf(await open(['Content-Length: 100'], '{'))).toMatch(/^HTTP\/1\.1 408 /)
    expect(kinds()).toEqual(['body_too_slow'])
    expect(counted).toEqual([['127.0.0.1', 1]])
  })

  it('takes no more memory than there is for anonymous bodies, and no caller with a token has to wait', async () => {
    await start({
      bodies: {
        budget: {
          totalBytes: 4_000_000,
          anonymousBytes: 1_000_000,
          networkBytes: 1_000_000,
          callerBytes: 2_000_000,
        },
      },
    })
    const almost = `{"x":"${'x'.repeat(65_000)}`
    const held = await Promise.all(Array.from({ length: 200 }, () => open(['Content-Length: 65536'], almost)))
    const token = issuer.issue(url, { scope: 'read' })
    expect((await callTool(url, 'reader', {}, { token })).status).toBe(200)
    const cut = held.slice(0, 180)
    while (decisions.filter(({ denial }) => denial?.kind === 'overloaded').length < cut.length)
      await new Promise((resolve) => setImmediate(resolve))
    expect((await callTool(url, 'open')).status).toBe(200)
  }, 60_000)
})

describe('every refusal is told, once', () => {
  it.each([
    ['405', 'method_not_allowed', () => fetch(url)],
    ['405 of TRACE', 'method_not_allowed', () => raw('TRACE /mcp', [])],
    ['403 of a foreign host', 'foreign_host', () => raw('POST /mcp', ['Host: evil.example'])],
    [
      '403 of a foreign page',
      'foreign_origin',
      () => fetch(url, { method: 'POST', headers: { origin: 'https://evil.example' } }),
    ],
    ['415', 'encoded_body', () => postMcp(url, '{}', { 'content-encoding': 'gzip' })],
    ['400 of a parse error', 'invalid_request', () => postMcp(url, '{')],
    ['400 of what is no JSON-RPC', 'invalid_request', () => postMcp(url, '{}')],
  ])('%s', async (_, kind, send) => {
    await start()
    await send()
    expect(kinds()).toEqual([kind])
  })

  async function raw(line: string, headers: readonly string[]): Promise<void> {
    const socket = connect(port, '127.0.0.1')
    const host = headers.some((header) => header.startsWith('Host')) ? [] : [`Host: localhost:${port}`]
    socket.end(
      [`${line} HTTP/1.1`, ...host, ...headers, 'Content-Length: 0', 'Connection: close', '', ''].join(
        '\r\n',
      ),
    )
    socket.resume()
    await once(socket, 'close')
  }
})

it('asks a client that waits for 100 Continue to send its body only when it will be read', async () => {
  await start()
  const refused = await answerOf(await open(['Content-Length: 100000', 'Expect: 100-continue']))
  expect(refused).toMatch(/^HTTP\/1\.1 401 /)
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const waiting = await open([
    `Content-Length: ${body.length}`,
    'Accept: application/json, text/event-stream',
    'Expect: 100-continue',
    'Connection: close',
  ])
  while (!waiting.text().includes('100 Continue')) await once(waiting.socket, 'data')
  waiting.socket.write(body)
  expect(await answerOf(waiting)).toMatch(/HTTP\/1\.1 200 /)
})
