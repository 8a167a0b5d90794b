import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import Koa from 'koa'
import { guard } from '../../resource-server/access.ts'
import { toKoaMiddleware } from '../../resource-server/adapters/koa.ts'
import { toNodeListener } from '../../resource-server/adapters/node.ts'
import { type ProtectedMcp, protectMcp } from '../../resource-server/protect.ts'
import { openServer, type TestServer } from '../support/http-server.ts'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../support/mcp-request.ts'
import { rawRequest } from '../support/raw-request.ts'
import { createStrangersServer, type Run } from '../support/strangers-server.ts'

const issuer = await startIssuer()
const errors: unknown[] = []
const runs: Run[] = []
const client = { id: 'mcp-server', secret: 'mcp-server-development-secret' }
const protect = ({ origin }: TestServer, more: object = {}) =>
  protectMcp(
    createStrangersServer((run) => void runs.push(run), guard),
    {
      issuer: issuer.issuer,
      resource: `${origin}/mcp`,
      scopes: ['read', 'write', 'admin'],
      client,
      ...more,
    },
  )

/** The three ways of serving a protected MCP server over HTTP. */
const runtimes: Readonly<Record<string, (mcp: ProtectedMcp, server: TestServer) => void>> = {
  'node:http': (mcp, { server }) => {
    server.on('request', toNodeListener(mcp))
  },
  Koa: (mcp, { server }) => {
    const app = new Koa()
    app.use(toKoaMiddleware(mcp))
    app.use((ctx) => {
      ctx.body = `behind: ${ctx.path}`
    })
    server.on('request', app.callback())
  },
  fetch: (mcp, { server }) => {
    // As a web-standard runtime does: a Request in, a Response out.
    server.on('request', async (req, res) => {
      const body = req.method === 'POST' ? await new Response(req as unknown as ReadableStream).text() : null
      const request = new Request(mcp.origin + req.url, {
        method: req.method ?? 'GET',
        headers: new Headers(Object.entries(req.headers) as [string, string][]),
        body,
      })
      const response = await mcp.fetch(request, { address: '192.0.2.1' })
      res.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
    })
  },
}

const servers = await Promise.all(
  Object.entries(runtimes).map(async ([name, serve]) => {
    const server = await openServer()
    const mcp = await protect(server)
    serve(mcp, server)
    return { name, server, mcp, url: mcp.resource }
  }),
)
afterAll(async () => {
  for (const { server, mcp } of servers) {
    await mcp.close()
    await server.close()
  }
  await issuer.stop()
})
beforeEach(() => {
  errors.length = 0
  runs.length = 0
})

describe.each(servers)("a stranger's server on $name", ({ url, server, name }) => {
  it('35: runs what the token opens, and nothing else', async () => {
    const token = issuer.issue(url, { scope: 'read' })
    expect((await callTool(url, 'open')).status).toBe(200)
    expect((await callTool(url, 'reader')).status).toBe(401)
    expect((await callTool(url, 'boss', {}, { token })).status).toBe(403)
    expect(runs).toEqual([])
    expect((await callTool(url, 'reader', {}, { token })).status).toBe(200)
    expect(runs.map(({ authInfo }) => authInfo?.scopes)).toEqual([['read']])
  })

  it('publishes its metadata', async () => {
    for (const path of [
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/oauth-protected-resource',
    ]) {
      const response = await fetch(server.origin + path)
      expect([response.status, ((await response.json()) as { resource: string }).resource]).toEqual([
        200,
        url,
      ])
    }
  })

  it('36: refuses a body that is too large or encoded', async () => {
    expect((await postMcp(url, `"${'x'.repeat(2 ** 20)}"`)).status).toBe(413)
    expect((await postMcp(url, '{}', { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  it('37: refuses a foreign host', async () => {
    const headers = ['Content-Type', 'application/json', 'Host', 'evil.example']
    expect((await rawRequest(url, { headers, body: '{}' })).status).toBe(403)
  })

  it('leaves other paths to what stands beside it', async () => {
    const response = await fetch(`${server.origin}/other`)
    expect([response.status, await response.text()]).toEqual(
      name === 'Koa' ? [200, 'behind: /other'] : [404, expect.stringContaining('Not found')],
    )
  })
})

describe('toNodeListener', () => {
  it('hands other paths to the next handler when there is one', async () => {
    const server = await openServer()
    const listener = toNodeListener(await protect(server))
    server.server.on('request', (req, res) => void listener(req, res, () => res.end('next')))
    expect(await (await fetch(`${server.origin}/other`)).text()).toBe('next')
    expect((await callTool(`${server.origin}/mcp`, 'open')).status).toBe(200)
    await server.close()
  })

  it('answers 500 when serving fails, says so, and lets nothing through', async () => {
    const server = await openServer()
    const limit = {
      count: () => Promise.reject(new Error('the limiter is broken')),
      exceeded: async () => undefined,
    }
    const mcp = await protect(server, { limit })
    server.server.on('request', toNodeListener(mcp, { onerror: (error) => errors.push(error) }))
    const response = await rawRequest(mcp.resource, {
      headers: ['Content-Type', 'application/json'],
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'open' } }),
    })
    expect([response.status, response.body]).toEqual([500, ''])
    expect(errors.map(String)).toEqual(['Error: the limiter is broken'])
    await server.close()
  })

  it('counts by the address that it is told', async () => {
    const server = await openServer()
    const addresses: string[] = []
    const limit = {
      count: async ({ address }: { address: string }) => void addresses.push(address),
      exceeded: async () => undefined,
    }
    const mcp = await protect(server, { limit })
    server.server.on('request', toNodeListener(mcp, { addressOf: (req) => String(req.headers['x-address']) }))
    await postMcp(mcp.resource, { jsonrpc: '2.0', id: 1, method: 'ping' }, { 'x-address': '203.0.113.9' })
    expect(addresses).toEqual(['203.0.113.9'])
    await server.close()
  })
})
