import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, contentOf, modernMeta, postMcp, sendBatch, sendRequest } from '../support/mcp-request.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
const url = server.resource
const metadata = `resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp"`
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const call = (name: string, args: unknown, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
})
const publicCall = call('public_info', {}, 'public')
const adminCall = call('admin_operation', { operation: 'list_users' }, 'admin')
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('the challenge', () => {
  it('31: without a token is a 401 that has no error code and names scope and metadata', async () => {
    const { status, headers, body } = await callTool(url, 'write_data', { resource_id: 'a', content: 'b' })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe(`Bearer scope="write", ${metadata}`)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32000,
        message: 'Sign in first: this needs an access token.',
        data: { error: 'unauthorized' },
      },
    })
  })

  it('31: for a bad token is a 401 invalid_token', async () => {
    const { status, headers } = await callTool(url, 'get_user_profile', {}, { token: 'bad' })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description=' +
        `"The access token is expired, revoked or not for this server. Sign in again.", ${metadata}`,
    )
  })

  it('35: names what was granted here and what is needed, and never openid or offline_access', async () => {
    const token = issuer.issue(url, { scope: 'openid offline_access read mail:send' })
    const { status, headers } = await callTool(url, 'admin_operation', { operation: 'x' }, { token })
    expect(status).toBe(403)
    expect(headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="read admin", error_description=' +
        `"This needs the scope admin, which the access token does not have.", ${metadata}`,
    )
  })

  it.each([
    'https://localhost/mcp',
    `${server.origin}/mcp/`,
    `${server.origin}/mcp/admin`,
    `${server.origin}/mc`,
    `${server.origin}/MCP`,
    server.origin,
    `${server.origin}x/mcp`,
    'http://localhost:1/mcp',
    'test-client',
  ])('34: refuses a token for the audience %s', async (audience) => {
    const { status, headers } = await callTool(url, 'public_info', {}, { token: issuer.issue(audience) })
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  })
})

describe('credentials', () => {
  it.each([
    ['two tokens', 'Bearer a b'],
    ['an empty scheme', 'Bearer'],
    ['another scheme', 'Basic YWxpY2U6cGFzc3dvcmQ='],
    ['a comma', 'Bearer a,b'],
    ['10 kB', `Bearer ${'a'.repeat(10_000)}`],
    ['bytes outside ASCII', 'Bearer tökén'],
  ])('31: with %s are a 400 for every tool', async (_, authorization) => {
    for (const name of ['public_info', 'get_user_profile']) {
      const answer = await postMcp(url, call(name, {}), { authorization })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_request"')
      expect(answer.headers.get('www-authenticate')).toContain(metadata)
    }
  })

  it('31: in two headers are a 400, in either order, and neither is read', async () => {
    const good = `Bearer ${issuer.issue(url)}`
    const orders = [
      [good, 'Bearer other'],
      ['Bearer other', good],
      [good, good],
      [good, ''],
    ]
    for (const [first = '', second = ''] of orders) {
      const { status, body } = await rawRequest(url, {
        headers: ['Content-Type', 'application/json', 'Authorization', first, 'Authorization', second],
        body: JSON.stringify(call('get_user_profile', {})),
      })
      expect(status).toBe(400)
      expect(body).not.toContain('alice')
    }
  })

  it('32: in the query string are ignored', async () => {
    const token = issuer.issue(url)
    const asked = issuer.use.introspection.requests
    const { status } = await callTool(`${url}?access_token=${token}`, 'get_user_profile')
    expect(status).toBe(401)
    expect(issuer.use.introspection.requests).toBe(asked)
  })

  it('32: in the body, a cookie or another header are ignored', async () => {
    const token = issuer.issue(url)
    const body = call('get_user_profile', { access_token: token })
    const elsewhere = {
      cookie: `access_token=${token}`,
      'x-access-token': token,
      'proxy-authorization': `Bearer ${token}`,
    }
    expect((await postMcp(url, body, elsewhere)).status).toBe(401)
  })
})

describe('what a request says about itself', () => {
  it('36: decides nothing when Mcp-Name lies in the legacy era', async () => {
    const lie = { 'mcp-method': 'tools/list', 'mcp-name': 'public_info' }
    expect((await postMcp(url, adminCall, lie)).status).toBe(401)
    const reader = issuer.issue(url)
    expect((await postMcp(url, adminCall, { ...lie, ...bearer(reader) })).status).toBe(403)
  })

  it('36: is a 400 when Mcp-Name lies in the modern era', async () => {
    const body = { ...adminCall, params: { ...adminCall.params, _meta: modernMeta } }
    const lie = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'public_info',
    }
    for (const headers of [lie, { ...lie, ...bearer(issuer.issue(url, { scope: 'admin' })) }]) {
      const { status, body: answer } = await postMcp(url, body, headers)
      expect([status, answer.result]).toEqual([400, undefined])
    }
  })

  it('36: of two names in one body only the one that runs counts', async () => {
    const text = (first: string, second: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${first}","name":"${second}","arguments":{"operation":"list_users"}}}`
    expect((await postMcp(url, text('public_info', 'admin_operation'))).status).toBe(401)
    const { body } = await postMcp(url, text('admin_operation', 'public_info'))
    expect(JSON.stringify(body)).toContain('authorization_server')
  })

  it.each([
    'Admin_Operation',
    'ADMIN_OPERATION',
    ' admin_operation',
    'admin_operation\u0000',
    'admin\uFF3Foperation',
    '__proto__',
  ])('36: the name %j is no tool', async (name) => {
    const { body } = await callTool(url, name, { operation: 'list_users' })
    expect(body.result?.structuredContent).toBeUndefined()
  })
})

describe('a legacy batch', () => {
  it('36: with one protected call among public ones is refused as a whole', async () => {
    const batch = [publicCall, adminCall, publicCall]
    const anonymous = await sendBatch(url, batch)
    expect([anonymous.status, anonymous.answers.some(({ result }) => result)]).toEqual([401, false])
    const reader = await sendBatch(url, batch, bearer(issuer.issue(url)))
    expect([reader.status, reader.answers.some(({ result }) => result)]).toEqual([403, false])
    expect(reader.headers.get('www-authenticate')).toContain('scope="read admin"')
  })

  it('36: runs nothing of what it holds when one call lacks its scope', async () => {
    const write = call('write_data', { resource_id: 'from-a-batch', content: 'x' }, 'write')
    const { status } = await sendBatch(url, [write, adminCall], bearer(issuer.issue(url, { scope: 'write' })))
    expect(status).toBe(403)
    const { body } = await callTool(
      url,
      'read_data',
      { resource_id: 'from-a-batch' },
      { token: issuer.issue(url) },
    )
    expect(body.result?.isError).toBe(true)
  })

  it.each([
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'doc://doc1' }],
    ['no/such/method', {}],
  ])('36: with %s among public messages is a 401, wherever it stands', async (method, params) => {
    const guarded = { jsonrpc: '2.0', id: 2, method, params }
    for (const batch of [
      [publicCall, guarded],
      [guarded, publicCall],
      [publicCall, guarded, publicCall],
    ]) {
      const { status, answers } = await sendBatch(url, batch)
      expect([status, answers.some(({ result }) => result)]).toEqual([401, false])
    }
  })

  it('is answered message by message when all of it is allowed', async () => {
    const { status, answers } = await sendBatch(url, [publicCall, { ...publicCall, id: 'again' }])
    expect(status).toBe(200)
    expect(answers.map(({ id }) => id).sort()).toEqual(['again', 'public'])
  })
})

it('38: two callers with the same request id get each their own answer', async () => {
  const tokens = ['alice', 'bob', 'carol'].map((sub) => issuer.issue(url, { sub }))
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      sendRequest(
        url,
        'tools/call',
        { name: 'get_user_profile', arguments: {} },
        { token: tokens[index % 3] ?? '' },
      ),
    ),
  )
  const subjects = answers.map((answer) => contentOf(answer).sub)
  expect(subjects).toEqual(Array.from({ length: 60 }, (_, index) => ['alice', 'bob', 'carol'][index % 3]))
})
