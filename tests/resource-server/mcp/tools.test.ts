import { afterAll, describe, expect, it } from '@jest/globals'
import { fromJSONSchema } from 'zod'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, contentOf, type Era, sendRequest, toolErrorOf } from '../../support/mcp-request.ts'
import { startResourceServer } from '../../support/start-resource-server.ts'

let time = Date.parse('2026-01-01T00:00:00Z')
const now = () => time
const issuer = await startIssuer({ now })
const server = await startResourceServer({ issuer: issuer.issuer, now })
const url = server.resource
const token = issuer.issue(url, { scope: 'read write admin', exp: time / 1000 + 3600 })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

interface ListedTool {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema: Parameters<typeof fromJSONSchema>[0]
  readonly outputSchema: Parameters<typeof fromJSONSchema>[0]
}

const calls = [
  ['public_info', {}],
  ['get_user_profile', {}],
  ['list_available_resources', {}],
  ['write_data', { resource_id: 'schema', content: 'x' }],
  ['read_data', { resource_id: 'schema' }],
  ['admin_operation', { operation: 'system_status' }],
  ['admin_operation', { operation: 'list_users' }],
] as const

describe.each<Era>(['legacy', 'modern'])('every tool, in the %s era,', (era) => {
  it('has a title, a description and schemas, and its answers satisfy them', async () => {
    const { body } = await sendRequest(url, 'tools/list', {}, { era })
    const listed = new Map(((body.result?.tools ?? []) as ListedTool[]).map((tool) => [tool.name, tool]))
    for (const [name, args] of calls) {
      const tool = listed.get(name)
      if (!tool) throw new Error(`${name} is not listed`)
      expect(tool.title).toBeTruthy()
      expect(tool.description).toBeTruthy()
      expect(fromJSONSchema(tool.inputSchema).safeParse(args).success).toBe(true)
      const answer = contentOf(await callTool(url, name, args, { era, token }))
      expect([name, fromJSONSchema(tool.outputSchema).safeParse(answer).error]).toEqual([name, undefined])
    }
  })

  it('says the same in text, for clients that read no structure', async () => {
    for (const [name, args] of calls) {
      const answer = await callTool(url, name, args, { era, token })
      const [first] = (answer.body.result?.content ?? []) as { type: string; text: string }[]
      expect(JSON.parse(first?.text ?? '')).toEqual(contentOf(answer))
    }
  })
})

describe('public_info', () => {
  it('says where tokens come from and what the scopes permit', async () => {
    expect(contentOf(await callTool(url, 'public_info'))).toEqual({
      name: 'Gatehouse document server',
      resource: url,
      authorization_server: issuer.issuer,
      scopes: { read: expect.any(String), write: expect.any(String), admin: expect.any(String) },
    })
  })
})

describe('get_user_profile', () => {
  it('says what the token says, and not the token', async () => {
    const answer = await callTool(url, 'get_user_profile', {}, { token })
    expect(contentOf(answer)).toEqual({
      iss: issuer.issuer,
      sub: 'alice',
      username: 'alice',
      client_id: 'test-client',
      scopes: ['read', 'write', 'admin'],
      exp: Date.parse('2026-01-01T01:00:00Z') / 1000,
    })
    expect(JSON.stringify(answer.body)).not.toContain(token)
  })

  it('leaves out a user name that the issuer does not tell', async () => {
    const anonymous = issuer.issue(url, { username: undefined })
    expect(contentOf(await callTool(url, 'get_user_profile', {}, { token: anonymous }))).not.toHaveProperty(
      'username',
    )
  })
})

describe('list_available_resources', () => {
  it.each([
    ['read', ['read']],
    ['write', ['write']],
    ['read write', ['read', 'write']],
    ['admin', undefined],
    ['', undefined],
  ])('with the scopes "%s" says that the documents are open for %j', async (scope, permissions) => {
    const own = issuer.issue(url, { scope })
    const { resources } = contentOf(await callTool(url, 'list_available_resources', {}, { token: own }))
    const doc1 = (resources as { id: string; uri: string; permissions: string[] }[]).find(
      ({ id }) => id === 'doc1',
    )
    expect(doc1?.permissions).toEqual(permissions)
    if (permissions) expect(doc1?.uri).toBe('doc://doc1')
  })
})

describe('write_data and read_data', () => {
  it('give back what was written, with author and time', async () => {
    time = Date.parse('2026-01-01T00:30:00Z')
    const bob = issuer.issue(url, { sub: 'b-2', username: 'bob', scope: 'read write' })
    const content = 'Zeile 1\n𝕌nicode\u0000 "quotes" </script>'
    const written = contentOf(
      await callTool(url, 'write_data', { resource_id: 'note', content }, { token: bob }),
    )
    expect(written).toEqual({
      id: 'note',
      content,
      author: { iss: issuer.issuer, sub: 'b-2', name: 'bob' },
      updated_at: '2026-01-01T00:30:00.000Z',
    })
    expect(contentOf(await callTool(url, 'read_data', { resource_id: 'note' }, { token }))).toEqual(written)
  })

  it('of an unknown id say what there is', async () => {
    const message = toolErrorOf(await callTool(url, 'read_data', { resource_id: 'nope' }, { token }))
    expect(message).toMatch(/^There is no document "nope". There are: doc1, doc2/)
  })

  it.each(['', 'a b', 'a/b', '../x', 'x'.repeat(65), 'é', 'a\n', 'a\0'])(
    'refuse to create %j',
    async (resource_id) => {
      const answer = await callTool(url, 'write_data', { resource_id, content: 'x' }, { token })
      expect(toolErrorOf(answer)).toContain('1 to 64 letters, digits, dots, dashes or underscores')
    },
  )

  it('take 100,000 characters and not one more', async () => {
    const write = (length: number) =>
      callTool(url, 'write_data', { resource_id: 'long', content: 'x'.repeat(length) }, { token })
    expect(contentOf(await write(100_000)).content).toHaveLength(100_000)
    expect(toolErrorOf(await write(100_001))).toContain('100000')
  })

  it('48: keep ids that JavaScript knows apart from documents', async () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect(toolErrorOf(await callTool(url, 'read_data', { resource_id: id }, { token }))).toContain(
        'no document',
      )
    }
    const written = await callTool(url, 'write_data', { resource_id: '__proto__', content: 'x' }, { token })
    expect(contentOf(written).id).toBe('__proto__')
  })
})
