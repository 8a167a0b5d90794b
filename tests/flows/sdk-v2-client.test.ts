import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Client,
  InsufficientScopeError,
  type OAuthClientInformationMixed,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createSdkOAuthProvider } from '../support/sdk-oauth-provider.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
afterAll(() => servers.stop())

const eras = [
  ['2026-07-28', { pin: '2026-07-28' }],
  ['2025-11-25', 'legacy'],
] as const

describe.each(eras)('a client of the 2.x SDK that speaks MCP %s', (revision, mode) => {
  let authProvider: ReturnType<
    typeof createSdkOAuthProvider<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>
  >
  let transport: StreamableHTTPClientTransport
  let client: Client
  beforeEach(async () => {
    authProvider = createSdkOAuthProvider()
    transport = new StreamableHTTPClientTransport(new URL(servers.resource), { authProvider })
    client = new Client({ name: 'v2', version: '0' }, { versionNegotiation: { mode } })
    await client.connect(transport)
  })
  afterEach(() => client.close())

  const call = (name: string, args: Record<string, string> = {}) => client.callTool({ name, arguments: args })

  /** The whole redirect goes to the SDK, which checks `iss` (RFC 9207). */
  async function signIn(username: string): Promise<void> {
    await transport.finishAuth(await authProvider.letUserSignIn(username))
  }

  it('connects, lists the tools and calls the public one without ever being sent to sign in', async () => {
    expect(client.getNegotiatedProtocolVersion()).toBe(revision)
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('admin_operation')
    expect((await call('public_info')).isError).toBeFalsy()
    expect(() => authProvider.visited).toThrow()
  })

  it('is sent to sign in at the first protected tool, registers by itself, and then calls it', async () => {
    await expect(call('get_user_profile')).rejects.toThrow(UnauthorizedError)
    expect(authProvider.visited.searchParams.get('resource')).toBe(servers.resource)
    await signIn('bob')
    const profile = await call('get_user_profile')
    expect(profile.structuredContent).toMatchObject({
      iss: servers.issuer,
      username: 'bob',
      client_id: authProvider.clientInformation()?.client_id,
    })
  })

  it('35: steps up from read to write when a tool needs it, and does not lose read', async () => {
    await expect(call('read_data', { resource_id: 'doc1' })).rejects.toThrow(UnauthorizedError)
    await signIn('alice')
    expect(authProvider.tokens()?.scope).not.toContain('write')
    expect((await call('read_data', { resource_id: 'doc1' })).isError).toBeFalsy()

    const note = { resource_id: 'v2', content: 'written by a v2 client' }
    await expect(call('write_data', note)).rejects.toThrow(UnauthorizedError)
    expect(authProvider.visited.searchParams.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['read', 'write']),
    )
    await signIn('alice')
    expect((await call('write_data', note)).structuredContent).toMatchObject({ author: { sub: 'alice' } })
    const read = await call('read_data', { resource_id: 'v2' })
    expect(read.structuredContent).toMatchObject({ content: note.content })
  })

  it('35: is told which scope is missing when it would rather not sign in again', async () => {
    await expect(call('read_data', { resource_id: 'doc1' })).rejects.toThrow(UnauthorizedError)
    await signIn('bob')
    await client.close()
    client = new Client({ name: 'v2', version: '0' }, { versionNegotiation: { mode } })
    await client.connect(
      new StreamableHTTPClientTransport(new URL(servers.resource), {
        authProvider,
        onInsufficientScope: 'throw',
      }),
    )
    const refused = await call('admin_operation', { operation: 'list_users' }).catch((error) => error)
    expect(refused).toBeInstanceOf(InsufficientScopeError)
    expect(refused.requiredScope?.split(' ')).toEqual(expect.arrayContaining(['read', 'admin']))
  })
})
