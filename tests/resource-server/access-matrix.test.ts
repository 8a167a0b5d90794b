import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, type Era, sendRequest } from '../support/mcp-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

/** What each tool needs, as the contract has it: undefined for nothing, '' for any valid token. */
const tools = [
  { name: 'public_info', needs: undefined, args: {} },
  { name: 'get_user_profile', needs: '', args: {} },
  { name: 'list_available_resources', needs: '', args: {} },
  { name: 'read_data', needs: 'read', args: { resource_id: 'doc1' } },
  { name: 'write_data', needs: 'write', args: { resource_id: 'matrix', content: 'x' } },
  { name: 'admin_operation', needs: 'admin', args: { operation: 'system_status' } },
] as const

/** Every set of the three scopes, none of them included, and scopes of other kinds beside. */
const scopeSets = [
  '',
  'read',
  'write',
  'admin',
  'read write',
  'read admin',
  'write admin',
  'read write admin',
  'openid offline_access profile',
  'READ Write admin:read readwrite',
]

const eras: readonly Era[] = ['legacy', 'modern']

describe.each(eras)('in the %s era', (era) => {
  it('31: without a token the public tool answers and every other is a 401', async () => {
    for (const { name, needs, args } of tools) {
      const { status, body, headers } = await callTool(server.resource, name, args, { era })
      expect([name, status]).toEqual([name, needs === undefined ? 200 : 401])
      expect(headers.has('www-authenticate')).toBe(needs !== undefined)
      expect([name, body.result !== undefined]).toEqual([name, needs === undefined])
    }
  })

  it.each(scopeSets)(
    '35: a token with the scopes "%s" opens exactly the tools that they open',
    async (scope) => {
      const token = issuer.issue(server.resource, { scope })
      for (const { name, needs, args } of tools) {
        const allowed = !needs || scope.split(' ').includes(needs)
        const { status, body, headers } = await callTool(server.resource, name, args, { era, token })
        expect([name, status]).toEqual([name, allowed ? 200 : 403])
        expect([name, body.result?.structuredContent !== undefined]).toEqual([name, allowed])
        if (!allowed) expect(headers.get('www-authenticate')).toContain('error="insufficient_scope"')
      }
    },
  )

  it('31: a bad token opens nothing, not even what is public', async () => {
    for (const { name, args } of tools) {
      const { status, body, headers } = await callTool(server.resource, name, args, { era, token: 'bad' })
      expect([name, status, body.result]).toEqual([name, 401, undefined])
      expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
  })

  it('lists every tool for everyone, with what it needs', async () => {
    const { body } = await sendRequest(server.resource, 'tools/list', {}, { era })
    const listed = body.result?.tools as { name: string; _meta: { securitySchemes: unknown } }[]
    expect(listed.map(({ name, _meta }) => [name, _meta.securitySchemes])).toEqual(
      tools.map(({ name, needs }) => [
        name,
        needs === undefined
          ? [{ type: 'noauth' }]
          : [{ type: 'oauth2', scopes: needs === '' ? [] : [needs] }],
      ]),
    )
  })

  it.each([
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'doc://doc1' }],
    ['resources/subscribe', { uri: 'doc://doc1' }],
    ['prompts/list', {}],
    ['prompts/get', { name: 'any' }],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'doc://{id}' }, argument: { name: 'id', value: '' } },
    ],
    ['logging/setLevel', { level: 'debug' }],
    ['no/such/method', {}],
  ])('31: %s is a 401 without a token', async (method, params) => {
    const { status, body, headers } = await sendRequest(server.resource, method, params, { era })
    expect([status, body.result]).toEqual([401, undefined])
    expect(headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${server.origin}/.well-known/oauth-protected-resource/mcp"`,
    )
  })
})

it('35: a tool that was refused has not run', async () => {
  const admin = issuer.issue(server.resource, { scope: 'read write admin' })
  const reader = issuer.issue(server.resource, { scope: 'read' })
  for (const era of eras) {
    const args = { resource_id: `refused-${era}`, content: 'x' }
    await callTool(server.resource, 'write_data', args, { era })
    await callTool(server.resource, 'write_data', args, { era, token: reader })
    await callTool(server.resource, 'write_data', args, { era, token: 'bad' })
  }
  const { body } = await callTool(server.resource, 'list_available_resources', {}, { token: admin })
  expect(JSON.stringify(body)).not.toContain('refused-')
})
