import { afterAll, describe, expect, it } from '@jest/globals'
import { createMcpHandler, type McpHandlerRequestOptions, McpServer } from '@modelcontextprotocol/server'
import { publicAccess, scopes } from '../../../resource-server/access.ts'
import { createAuthInfo } from '../../../resource-server/auth/auth-info.ts'
import { createAuthenticator } from '../../../resource-server/auth/authenticate.ts'
import { createGate, type Decision, type GateOptions } from '../../../resource-server/auth/gate.ts'
import type { TokenVerifier } from '../../../resource-server/auth/verdict.ts'
import { modernMeta } from '../../support/mcp-request.ts'

const url = 'https://mcp.example/mcp'
const exp = 2_000_000_000

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'stranger', version: '1' })
  const answer = () => ({ content: [{ type: 'text' as const, text: 'ran' }] })
  server.registerTool('open', publicAccess(), answer)
  server.registerTool('guarded', scopes('read'), answer)
  return server
})
afterAll(() => mcp.close())

function authInfo(token: string, expiresAt = exp) {
  const person = { issuer: 'https://issuer.example', subject: 'alice', username: undefined }
  const grant = { clientId: 'c', scopes: ['read', 'openid'], expiresAt, keyThumbprint: undefined }
  return createAuthInfo(token, { ...person, ...grant }, url)
}

/** A gate before that server, with what it decided and what it let through. */
function setUp(options: Partial<GateOptions> = {}, expiresAt = exp) {
  const decisions: Decision[] = []
  const passed: (McpHandlerRequestOptions | undefined)[] = []
  const verifier: TokenVerifier = {
    verify: async (token) =>
      token === 'good-token' ? { authInfo: authInfo(token, expiresAt) } : { refusal: { reason: 'inactive' } },
  }
  const gate = createGate({
    handler: {
      fetch(request, handed) {
        passed.push(handed)
        return mcp.fetch(request, handed)
      },
    },
    authenticate: createAuthenticator({ verifier }),
    verifier,
    streamCheckSeconds: 10,
    knownTools: new Set(['open', 'guarded']),
    resourceMetadataUrl: 'https://mcp.example/.well-known/oauth-protected-resource/mcp',
    scopesSupported: ['read', 'write'],
    onDecision: (decision) => decisions.push(decision),
    ...options,
  })
  function send(message: object, headers: Record<string, string> = {}, address = '192.0.2.1') {
    const accept = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    const request = new Request(url, { method: 'POST', headers: { ...accept, ...headers } })
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }))
    return gate.handle({ request, body, address })
  }
  const listen = (headers: Record<string, string> = {}, address?: string) =>
    send(
      {
        method: 'subscriptions/listen',
        params: { notifications: { toolsListChanged: true }, _meta: modernMeta },
      },
      { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen', ...headers },
      address,
    )
  return { gate, decisions, passed, send, listen }
}

const good = { authorization: 'Bearer good-token' }
const call = (name: string) => ({ method: 'tools/call', params: { name, arguments: {} } })

describe('what is let through', () => {
  it('is the parsed body itself, with the caller', async () => {
    const { passed, send } = setUp()
    const response = await send(call('guarded'), good)
    expect(await response.text()).toContain('ran')
    expect(passed).toEqual([
      { parsedBody: { jsonrpc: '2.0', id: 1, ...call('guarded') }, authInfo: authInfo('good-token') },
    ])
    expect(Object.isFrozen(passed[0]?.authInfo)).toBe(true)
  })

  it('carries no caller when nobody signed in', async () => {
    const { passed, send } = setUp()
    expect(await (await send(call('open'))).text()).toContain('ran')
    expect(passed[0]).not.toHaveProperty('authInfo')
  })

  it.each([
    ['a protected method without a token', { method: 'resources/list' }, {}, 401],
    ['a tool that is not listed without a token', call('hidden'), {}, 401],
    ['a public tool with a bad token', call('open'), { authorization: 'Bearer bad' }, 401],
    ['a public tool with malformed credentials', call('open'), { authorization: 'Bearer a b' }, 400],
    ['what is not JSON-RPC', { jsonrpc: '1.0' }, good, 400],
  ])('31: is not %s', async (_, message, headers, status) => {
    const { passed, send } = setUp()
    expect((await send(message, headers)).status).toBe(status)
    expect(passed).toEqual([])
  })

  it('is whatever else the handler answers, unchanged', async () => {
    const answer = new Response('not about scopes', { status: 403 })
    const { send } = setUp({ handler: { fetch: async () => answer } })
    expect(await send(call('open'), good)).toBe(answer)
  })
})

describe('decisions', () => {
  it.each([
    ['nothing in the way', call('guarded'), good, undefined],
    ['no_token', call('guarded'), {}, 'no_token'],
    ['no_token', { method: 'prompts/list' }, {}, 'no_token'],
    ['invalid_token', call('open'), { authorization: 'Bearer bad' }, 'invalid_token'],
    ['malformed_credentials', call('open'), { authorization: 'Basic x' }, 'malformed_credentials'],
  ])('are told once, with %s', async (_, message, headers, kind) => {
    const { decisions, send } = setUp()
    await send(message, headers)
    expect(decisions.map(({ denial }) => denial?.kind)).toEqual([kind])
    expect(decisions[0]?.messages).toEqual([{ jsonrpc: '2.0', id: 1, ...message }])
  })

  it('35: name the caller, the scopes of this server that it has, and those that it needs', async () => {
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'stranger', version: '1' })
      server.registerTool('guarded', scopes('write'), () => ({ content: [] }))
      return server
    })
    const { decisions, send } = setUp({ handler })
    expect((await send(call('guarded'), good)).status).toBe(403)
    expect(decisions[0]?.denial).toEqual({ kind: 'insufficient_scope', granted: ['read'], needed: ['write'] })
    expect(decisions[0]?.authInfo?.clientId).toBe('c')
    await handler.close()
  })

  it('51: hold no token that would be written', async () => {
    const { decisions, send } = setUp()
    await send(call('guarded'), good)
    await send(call('guarded'), { authorization: 'Bearer bad-canary' })
    const written = JSON.stringify(decisions.map(({ authInfo: info, denial }) => ({ info, denial })))
    expect(written).not.toMatch(/good-token|bad-canary/)
  })
})

describe('streams', () => {
  it('without a token end after their time', async () => {
    const { listen } = setUp({ anonymousStreamSeconds: 0.05 })
    const text = await (await listen()).text()
    expect(text).toContain('notifications/subscriptions/acknowledged')
  })

  it.each([0.5, 0.123_456])(
    'with a token end at its exp, %d s after a whole second too',
    async (fraction) => {
      const { listen } = setUp({ now: () => exp * 1000 + fraction * 1000 - 100 }, exp + fraction)
      const text = await (await listen(good)).text()
      expect(text).toContain('notifications/subscriptions/acknowledged')
    },
  )

  it('are bounded for each address without a token, and for each caller with one', async () => {
    const { listen, decisions } = setUp({ anonymousStreams: 1, callerStreams: 2 })
    const responses = [
      await listen({}, '192.0.2.1'),
      await listen({}, '192.0.2.1'),
      await listen({}, '192.0.2.2'),
      await listen(good, '192.0.2.1'),
      await listen(good, '192.0.2.2'),
      await listen(good, '192.0.2.3'),
    ]
    expect(responses.map(({ status }) => status)).toEqual([200, 429, 200, 200, 200, 429])
    expect(decisions.filter(({ denial }) => denial?.kind === 'too_many_streams')).toHaveLength(2)
    await Promise.all(responses.map(({ body }) => body?.cancel()))
    expect((await listen({}, '192.0.2.1')).status).toBe(200)
  })

  it('give their place back when the handler fails', async () => {
    const broken = () => Promise.reject(new Error('broken'))
    const { listen } = setUp({ anonymousStreams: 1, handler: { fetch: broken } })
    await expect(listen()).rejects.toThrow('broken')
    await expect(listen()).rejects.toThrow('broken')
  })

  it('can all be ended, and new ones opened', async () => {
    const { gate, listen } = setUp({ anonymousStreams: 1 })
    const first = (await listen()).text()
    gate.endStreams()
    expect(await first).toContain('acknowledged')
    const second = await listen()
    expect(second.status).toBe(200)
    await second.body?.cancel()
  })
})

describe('a limit', () => {
  it('that is reached answers 429 before anything runs, and says when to come back', async () => {
    const limit = { count: async () => 17, exceeded: async () => undefined, mustWait: async () => undefined }
    const { passed, decisions, send } = setUp({ limit })
    const response = await send(call('open'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '17'])
    expect(passed).toEqual([])
    expect(decisions[0]?.denial).toEqual({ kind: 'rate_limited', retryAfterSeconds: 17 })
  })

  it('that cannot be asked lets nobody in', async () => {
    const limit = {
      count: () => Promise.reject(new Error('down')),
      exceeded: async () => undefined,
      mustWait: async () => undefined,
    }
    const { passed, send } = setUp({ limit })
    await expect(send(call('open'))).rejects.toThrow('down')
    expect(passed).toEqual([])
  })
})
