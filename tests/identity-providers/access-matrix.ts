import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Client } from '@modelcontextprotocol/client'
import { accessMatrix, type Caller, callers, outcomeOf } from '../support/access-matrix.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import type { SignedInClient } from '../support/sign-in-client.ts'
import type { RunningResourceServer } from '../support/start-resource-server.ts'
import type { Harness } from './harness.ts'

/** One way to validate tokens, and what is particular to it. */
export interface ValidationCase {
  readonly mode: 'introspection' | 'jwt'
  /** For the MCP server. */
  readonly env?: Readonly<Record<string, string>>
  /** The client whose tokens can be validated so. Default `test-client`. */
  readonly clientId?: string
  /** What `get_user_profile` says of alice, besides issuer, client and scopes. */
  readonly profile: Readonly<Record<string, unknown>>
}

/** What is true of one identity provider in all of its cases. */
export interface MatrixOptions {
  /** The profile's name. */
  readonly name: string
  readonly title: string
  readonly harness: Harness
  readonly cases: readonly ValidationCase[]
  /** Scopes that everybody gets who asks for them: `offline_access`. */
  readonly besides: readonly string[]
}

/** The contract, by the real client and the real MCP server: who may call what, and who is asked for more. */
export function describeAccessMatrix({ name, title, harness, cases, besides }: MatrixOptions): void {
  const { issuer, resource, createClient, startMcp } = harness

  describe.each(cases)(`with ${title} and validation by $mode`, ({ mode, env, clientId, profile }) => {
    const options = clientId === undefined ? {} : { clientId }
    const people = new Map<Caller, { client: SignedInClient; session: Client }>()
    let mcp: RunningResourceServer
    beforeAll(async () => {
      mcp = await startMcp(env)
      for (const caller of callers) {
        const client = createClient(caller === 'nobody' ? undefined : caller, options)
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

    it('chooses that way, by its profile', async () => {
      expect((await mcp.mcp.validation()).mode).toBe(mode)
      expect(mcp.config.idp.profile.name).toBe(name)
    })

    it('grants each account the scopes that it may have, and no others', async () => {
      const granted: Record<string, readonly string[]> = {}
      for (const caller of ['alice', 'bob', 'admin'] as const) {
        granted[caller] = [...((await known(caller).client.authorization.tokens())?.scopes ?? [])].sort()
      }
      expect(granted).toEqual({
        alice: [...besides, 'read', 'write'].sort(),
        bob: [...besides, 'read'].sort(),
        admin: [...besides, 'admin', 'read', 'write'].sort(),
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
      const content = contentOf(await callTool(resource, 'get_user_profile', {}, { token }))
      expect(content).toMatchObject({
        iss: issuer,
        client_id: clientId ?? 'test-client',
        scopes: expect.arrayContaining(['read', 'write']),
        ...profile,
      })
    })

    it('asks for more when a tool needs more than was asked for at first, and repeats the call', async () => {
      const client = createClient('alice', options)
      await client.authorization.signIn({ scopes: ['read'] })
      const session = await client.connect()
      expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
      await session.close()
      expect(client.signIns()).toBe(2)
      expect((await client.authorization.tokens())?.scopes).toEqual(expect.arrayContaining(['read', 'write']))
    })

    it('asks once, and once more at the next call only, for a scope that is silently left out', async () => {
      const { client, session } = known('bob')
      const before = client.signIns()
      expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
      expect(client.signIns()).toBe(before + 1)
      expect(await outcomeOf(client, session, 'read_data')).toBe('ok')
    })
  })
}
