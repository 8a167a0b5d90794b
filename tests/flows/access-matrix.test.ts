import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, InsufficientScopeError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { missingScopes, parseScope } from '../../client/scopes.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { withStepUp } from '../../client/step-up.ts'
import { createTestClient, type SignedInClient } from '../support/sign-in-client.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
afterAll(() => servers.stop())

const callers = ['nobody', 'alice', 'bob', 'admin'] as const
type Caller = (typeof callers)[number]

/** The contract: what comes back, or the scope that is missing. */
const matrix: Record<string, { args: Record<string, string>; outcome: Record<Caller, string> }> = {
  public_info: { args: {}, outcome: { nobody: 'ok', alice: 'ok', bob: 'ok', admin: 'ok' } },
  get_user_profile: { args: {}, outcome: { nobody: 'sign in', alice: 'ok', bob: 'ok', admin: 'ok' } },
  list_available_resources: { args: {}, outcome: { nobody: 'sign in', alice: 'ok', bob: 'ok', admin: 'ok' } },
  read_data: {
    args: { resource_id: 'doc1' },
    outcome: { nobody: 'sign in', alice: 'ok', bob: 'ok', admin: 'ok' },
  },
  write_data: {
    args: { resource_id: 'matrix', content: 'x' },
    outcome: { nobody: 'sign in', alice: 'ok', bob: 'lacks write', admin: 'ok' },
  },
  admin_operation: {
    args: { operation: 'system_status' },
    outcome: { nobody: 'sign in', alice: 'lacks admin', bob: 'lacks admin', admin: 'ok' },
  },
}

/** As client/mcp-session.ts connects, but as a client of the earlier revisions does. */
async function connectLegacy({ authorization }: SignedInClient): Promise<Client> {
  const client = new Client({ name: 'legacy', version: '0' }, { versionNegotiation: { mode: 'legacy' } })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(servers.resource), {
      authProvider: authorization,
      fetch: withStepUp(createSecureFetch(servers.resource), authorization),
      onInsufficientScope: 'throw',
    }),
  )
  return client
}

const eras = [
  ['2026-07-28', (client: SignedInClient) => client.connect()],
  ['2025-11-25', connectLegacy],
] as const

describe.each(eras)('the client, speaking MCP %s', (revision, connect) => {
  const people = new Map<Caller, { client: SignedInClient; session: Client }>()
  beforeAll(async () => {
    for (const caller of callers) {
      const client = createTestClient(servers.resource, caller === 'nobody' ? undefined : caller)
      if (caller !== 'nobody') await client.authorization.signIn()
      people.set(caller, { client, session: await connect(client) })
    }
  })
  afterAll(async () => {
    for (const { session } of people.values()) await session.close()
  })

  function known(caller: Caller) {
    const person = people.get(caller)
    if (!person) throw new Error(`${caller} has not connected.`)
    return person
  }

  async function outcomeOf(caller: Caller, name: string, args: Record<string, string>): Promise<string> {
    const { client, session } = known(caller)
    const before = client.signIns()
    try {
      const { isError } = await session.callTool({ name, arguments: args })
      return isError ? 'tool error' : 'ok'
    } catch (error) {
      if (error instanceof InsufficientScopeError) {
        const held = (await client.authorization.tokens())?.scopes ?? []
        return `lacks ${missingScopes(held, parseScope(error.requiredScope ?? '')).join(' ')}`
      }
      if (client.signIns() > before) return 'sign in'
      throw error
    }
  }

  it('speaks that revision, and knows every tool', async () => {
    const { session } = known('nobody')
    expect(session.getNegotiatedProtocolVersion()).toBe(revision)
    const { tools } = await session.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual(Object.keys(matrix).sort())
  })

  it.each(Object.entries(matrix))(
    '31, 35: %s answers each account as the contract says',
    async (tool, { args, outcome }) => {
      const seen: Partial<Record<Caller, string>> = {}
      for (const caller of callers) seen[caller] = await outcomeOf(caller, tool, args)
      expect(seen).toEqual(outcome)
    },
  )

  it('45: a missing scope that the account cannot have costs one sign-in, and no loop', async () => {
    const { client } = known('bob')
    const before = client.signIns()
    expect(await outcomeOf('bob', 'write_data', { resource_id: 'matrix', content: 'x' })).toBe('lacks write')
    expect(client.signIns()).toBe(before + 1)
    expect(await outcomeOf('bob', 'read_data', { resource_id: 'doc1' })).toBe('ok')
  })

  it('asks for more when a tool needs more than was asked for at first, and repeats the call', async () => {
    const client = createTestClient(servers.resource, 'alice')
    await client.authorization.signIn({ scopes: ['read'] })
    const session = await connect(client)
    const { isError } = await session.callTool({
      name: 'write_data',
      arguments: { resource_id: 'matrix', content: 'y' },
    })
    expect([isError ?? false, client.signIns()]).toEqual([false, 2])
    expect((await client.authorization.tokens())?.scopes).toEqual(expect.arrayContaining(['read', 'write']))
    await session.close()
  })
})
