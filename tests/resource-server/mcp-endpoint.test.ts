import { Agent } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../support/mcp-request.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
const url = server.resource
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const publicCall =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"public_info","arguments":{}}}'
const json = ['Content-Type', 'application/json', 'Accept', 'application/json, text/event-stream']
const mebibyte = 1024 * 1024

/** The public call with spaces after it, so many bytes in all. */
const padded = (bytes: number) => publicCall.padEnd(bytes)

describe('methods', () => {
  it.each(['GET', 'DELETE', 'HEAD', 'PUT', 'PATCH', 'TRACE'])(
    '%s is a 405 and no challenge',
    async (method) => {
      for (const headers of [[], ['Authorization', `Bearer ${issuer.issue(url)}`]]) {
        const answer = await rawRequest(url, { method, headers })
        expect(answer.status).toBe(405)
        expect(answer.headers.allow).toContain('POST')
        expect(answer.headers['www-authenticate']).toBeUndefined()
      }
    },
  )

  it('on other paths are a 404', async () => {
    for (const path of ['/mc', '/mcp/x', '/MCP', '/mcp//', '//mcp', '/mcp%2f', '/sse', '/messages']) {
      expect([
        path,
        (await rawRequest(server.origin + path, { headers: json, body: publicCall })).status,
      ]).toEqual([path, 404])
    }
  })

  it('and a trailing slash change nothing', async () => {
    expect((await callTool(`${url}/`, 'public_info')).status).toBe(200)
    const { status, headers } = await callTool(`${url}/`, 'get_user_profile')
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/mcp"')
  })
})

describe('a large body', () => {
  it('36: of 1 MiB is read, and one byte more is a 413', async () => {
    const signedIn = [...json, 'Authorization', `Bearer ${issuer.issue(url)}`]
    expect((await rawRequest(url, { headers: signedIn, body: padded(mebibyte) })).status).toBe(200)
    const { status, headers, body } = await rawRequest(url, { headers: signedIn, body: padded(mebibyte + 1) })
    expect(status).toBe(413)
    expect(headers.connection).toBe('close')
    expect(JSON.parse(body)).toMatchObject({
      error: { code: -32600, message: expect.stringContaining('1048576') },
    })
  })

  it('36: that does not say how large it is, is a 413 too', async () => {
    const chunked = ['Transfer-Encoding', 'chunked', ...json]
    expect((await rawRequest(url, { headers: chunked, body: publicCall })).status).toBe(200)
    expect((await rawRequest(url, { headers: chunked, body: padded(3 * mebibyte) })).status).toBe(413)
  })

  it('36: is refused before it has been sent', async () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      `POST /mcp HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n{`,
    )
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('36: does not disturb the next request of a pooled connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let round = 0; round < 5; round += 1) {
      const large = await rawRequest(url, { headers: json, body: padded(2 * mebibyte), agent })
      const next = await rawRequest(url, { headers: json, body: publicCall, agent })
      expect([large.status, next.status]).toEqual([413, 200])
    }
    agent.destroy()
  })
})

describe('an encoded body', () => {
  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, identity', 'x'])(
    '36: in %s is a 415',
    async (encoding) => {
      const headers = [...json, 'Content-Encoding', encoding]
      const { status, headers: answered, body } = await rawRequest(url, { headers, body: publicCall })
      expect(status).toBe(415)
      expect(answered.connection).toBe('close')
      expect(body).toContain('content-encoding')
    },
  )

  it('as it is ("identity") is read', async () => {
    const headers = [...json, 'Content-Encoding', 'identity']
    expect((await rawRequest(url, { headers, body: publicCall })).status).toBe(200)
  })
})

describe('a body that is not JSON-RPC', () => {
  it.each([
    ['nothing', '', -32700],
    ['no JSON', '{"jsonrpc":', -32700],
    ['form data', 'jsonrpc=2.0&method=ping', -32700],
    ['an empty batch', '[]', -32600],
    ['null', 'null', -32600],
    ['a number', '1', -32600],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ['a batch with a hole', '[{"jsonrpc":"2.0","id":1,"method":"ping"},null]', -32600],
  ])("%s is a 400 with the protocol's error", async (_, body, code) => {
    const answer = await rawRequest(url, { headers: json, body })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', id: null, error: { code } })
  })

  it('36: in invalid UTF-8 is a 400 and does not run', async () => {
    const [before = '', after = ''] = publicCall.split('public_info')
    const body = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)])
    const answer = await rawRequest(url, { headers: json, body })
    expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([400, -32700])
  })

  it('leaves the server up', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    await postMcp(url, nested(200_000))
    await postMcp(url, publicCall.replace('{}', `{"a":${nested(400_000)}}`))
    await postMcp(
      url,
      publicCall.replace('{}', '{"__proto__":{"admin":true},"constructor":{"prototype":{}}}'),
    )
    expect((await callTool(url, 'public_info')).status).toBe(200)
  })

  it('and other content types are refused by the protocol', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const { status } = await rawRequest(url, {
        headers: ['Content-Type', type, 'Accept', 'application/json, text/event-stream'],
        body: publicCall,
      })
      expect([type, status]).toEqual([type, 415])
    }
  })
})

it('goes on when clients go away in the middle of their body', async () => {
  for (let round = 0; round < 20; round += 1) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const sent = `POST /mcp HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Length: 1000\r\n\r\n{"jsonrpc"`
    await new Promise<void>((resolve) => socket.write(sent, () => resolve()))
    socket.destroy()
  }
  expect((await callTool(url, 'public_info')).status).toBe(200)
})
