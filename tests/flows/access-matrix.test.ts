import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { withStepUp } from '../../client/step-up.ts'
import { accessMatrix, type Caller, callers, outcomeOf } from '../support/access-matrix.ts'
import { createTestClient, type SignedInClient } from '../support/sign-in-client.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
afterAll(() => servers.stop())

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

  const outcomeFor = async (caller: Caller, tool: string) => {
    const { client, session } = known(caller)
    return await outcomeOf(client, session, tool)
  }

  it('speaks that revision, and knows every tool', async () => {
    const { session } = known('nobody')
    expect(session.getNegotiatedProtocolVersion()).toBe(revision)
    const { tools } = await session.listTools()
    expect(tools.map(({ name }) => name).sort()).toEqual(Object.keys(accessMatrix).sort())
  })

  it.each(Object.entries(accessMatrix))(
    '31, 35: %s answers each account as the contract says',
    async (tool, { outcome }) => {
      const seen: Partial<Record<Caller, string>> = {}
      for (const caller of callers) seen[caller] = await outcomeFor(caller, tool)
      expect(seen).toEqual(outcome)
    },
  )

  it('45: a missing scope that the account cannot have costs one sign-in, and no loop', async () => {
    const { client } = known('bob')
    const before = client.signIns()
    expect(await outcomeFor('bob', 'write_data')).toBe('lacks write')
    expect(client.signIns()).toBe(before + 1)
    expect(await outcomeFor('bob', 'read_data')).toBe('ok')
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
