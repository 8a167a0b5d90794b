import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client } from '@modelcontextprotocol/client'
import { accessMatrix, type Caller, callers, outcomeOf } from '../../support/access-matrix.ts'
import { callTool, contentOf } from '../../support/mcp-request.ts'
import type { SignedInClient } from '../../support/sign-in-client.ts'
import type { RunningResourceServer } from '../../support/start-resource-server.ts'
import { createClient, issuer, resource, startMcp } from './keycloak.ts'

const modes = [
  ['introspection', {}],
  ['jwt', { TOKEN_VALIDATION: 'jwt' }],
] as const

describe.each(modes)('with Keycloak and validation by %s', (mode, env) => {
  const people = new Map<Caller, { client: SignedInClient; session: Client }>()
  let mcp: RunningResourceServer
  beforeAll(async () => {
    mcp = await startMcp(env)
    for (const caller of callers) {
      const client = createClient(caller === 'nobody' ? undefined : caller)
      if (caller !== 'nobody') await client.authorization.signIn()
      people.set(caller, { client, session: await client.connect() })
    }
  })
  afterAll(async () => {
    for (const { session } of people.values()) await session.close()
    await mcp.stop()
  })

  function known(caller: Caller) {
    const person = people.get(caller)
    if (!person) throw new Error(`${caller} has not connected.`)
    return person
  }

  it('chooses that way, and recognises Keycloak by its issuer', async () => {
    expect((await mcp.mcp.validation()).mode).toBe(mode)
    expect(mcp.config.idp.profile.name).toBe('keycloak')
  })

  it('grants each account the scopes that its roles allow', async () => {
    const granted: Record<string, readonly string[]> = {}
    for (const caller of ['alice', 'bob', 'admin'] as const) {
      granted[caller] = [...((await known(caller).client.authorization.tokens())?.scopes ?? [])].sort()
    }
    expect(granted).toEqual({
      alice: ['offline_access', 'read', 'write'],
      bob: ['offline_access', 'read'],
      admin: ['admin', 'offline_access', 'read', 'write'],
    })
  })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account as the contract says',
    async (tool, { outcome }) => {
      const seen: Partial<Record<Caller, string>> = {}
      for (const caller of callers) {
        const { client, session } = known(caller)
        seen[caller] = await outcomeOf(client, session, tool)
      }
      expect(seen).toEqual(outcome)
    },
  )

  it('knows who calls: issuer, subject, user name, client, scopes', async () => {
    const token = (await known('alice').client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({
      iss: issuer,
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'alice',
      client_id: 'test-client',
      scopes: expect.arrayContaining(['read', 'write']),
    })
  })

  it('asks for more when a tool needs more than was asked for at first, and repeats the call', async () => {
    const client = createClient('alice')
    await client.authorization.signIn({ scopes: ['read'] })
    const session = await client.connect()
    expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
    await session.close()
    expect(client.signIns()).toBe(2)
    expect((await client.authorization.tokens())?.scopes).toEqual(expect.arrayContaining(['read', 'write']))
  })

  it('asks once, and once more at the next call only, for a scope that Keycloak silently leaves out', async () => {
    const { client, session } = known('bob')
    const before = client.signIns()
    expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(before + 1)
    expect(await outcomeOf(client, session, 'read_data')).toBe('ok')
  })
})
