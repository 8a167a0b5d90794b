import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client } from '@modelcontextprotocol/client'
import { createTestClient, type SignedInClient } from '../support/sign-in-client.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
const sessions: Client[] = []

async function connect(client: SignedInClient): Promise<Client> {
  const session = await client.connect()
  sessions.push(session)
  return session
}

let alice: Client
let bob: Client
let admin: Client
beforeAll(async () => {
  const signedIn = async (username: string) => {
    const client = createTestClient(servers.resource, username)
    await client.authorization.signIn()
    return await connect(client)
  }
  alice = await signedIn('alice')
  bob = await signedIn('bob')
  admin = await signedIn('admin')
})
afterAll(async () => {
  for (const session of sessions) await session.close()
  await servers.stop()
})

const call = async (session: Client, name: string, args: Record<string, string> = {}) =>
  await session.callTool({ name, arguments: args })

describe('documents', () => {
  it('are read by one account as another wrote them, with author and time', async () => {
    const before = Date.now()
    await call(alice, 'write_data', { resource_id: 'note', content: 'Grüße, <b>世界</b>' })
    const { structuredContent } = await call(bob, 'read_data', { resource_id: 'note' })
    const { updated_at: updatedAt, ...rest } = structuredContent as { updated_at: string }
    expect(rest).toEqual({
      id: 'note',
      content: 'Grüße, <b>世界</b>',
      author: { iss: servers.issuer, sub: 'alice', name: 'alice' },
    })
    expect(Date.parse(updatedAt)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(updatedAt)).toBeLessThanOrEqual(Date.now())
  })

  it('are resources too, with the same content', async () => {
    await call(alice, 'write_data', { resource_id: 'as-resource', content: 'the same' })
    const { resources } = await bob.listResources()
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(['doc://doc1', 'doc://as-resource']),
    )
    expect(await bob.readResource({ uri: 'doc://as-resource' })).toMatchObject({
      contents: [{ uri: 'doc://as-resource', mimeType: 'text/plain', text: 'the same' }],
    })
  })

  it('are listed with what the account may do', async () => {
    const permissionsFor = async (session: Client) => {
      const { structuredContent } = await call(session, 'list_available_resources')
      const { resources } = structuredContent as { resources: { id: string; permissions: string[] }[] }
      return resources.find(({ id }) => id === 'doc1')?.permissions
    }
    expect(await permissionsFor(alice)).toEqual(['read', 'write'])
    expect(await permissionsFor(bob)).toEqual(['read'])
  })

  it('that do not exist are a tool error that lists what there is, and a protocol error as resources', async () => {
    const missing = await call(bob, 'read_data', { resource_id: 'nowhere' })
    expect(missing.isError).toBe(true)
    expect(JSON.stringify(missing.content)).toMatch(/no document .*nowhere.*doc1, doc2/)
    await expect(bob.readResource({ uri: 'doc://nowhere' })).rejects.toMatchObject({ code: -32602 })
  })

  it('are not open to someone who has not signed in, as resources neither', async () => {
    const nobody = createTestClient(servers.resource, undefined)
    const session = await connect(nobody)
    await expect(session.readResource({ uri: 'doc://doc1' })).rejects.toThrow()
    await expect(session.listResources()).rejects.toThrow()
    expect(nobody.signIns()).toBe(2)
  })
})

describe('the administrator', () => {
  it('sees how tokens are validated, and who has used the server', async () => {
    await call(bob, 'get_user_profile')
    const status = await call(admin, 'admin_operation', { operation: 'system_status' })
    expect(JSON.stringify(status.structuredContent)).toContain('introspection')
    const users = await call(admin, 'admin_operation', { operation: 'list_users' })
    for (const name of ['alice', 'bob', 'admin'])
      expect(JSON.stringify(users.structuredContent)).toContain(name)
  })

  it('is told the known operations when asking for another', async () => {
    const unknown = await call(admin, 'admin_operation', { operation: 'format_disk' })
    expect(unknown.isError).toBe(true)
    expect(JSON.stringify(unknown.content)).toMatch(/system_status/)
    expect(JSON.stringify(unknown.content)).toMatch(/list_users/)
  })
})
