import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { createSdkOAuthProvider } from '../support/sdk-oauth-provider.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
afterAll(() => servers.stop())

let authProvider: ReturnType<
  typeof createSdkOAuthProvider<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>
>
let transport: StreamableHTTPClientTransport
let client: Client
beforeEach(async () => {
  authProvider = createSdkOAuthProvider()
  transport = new StreamableHTTPClientTransport(new URL(servers.resource), { authProvider })
  client = new Client({ name: 'v1', version: '0' })
  // The transport's optional members may hold undefined, which the interface does not say.
  await client.connect(transport as Parameters<Client['connect']>[0])
})
afterEach(() => client.close())

const call = (name: string, args: Record<string, string> = {}) => client.callTool({ name, arguments: args })

async function signIn(username: string): Promise<void> {
  const parameters = await authProvider.letUserSignIn(username)
  await transport.finishAuth(parameters.get('code') ?? '')
}

describe('a client of the 1.x SDK', () => {
  it('connects, lists the tools and calls the public one without ever being sent to sign in', async () => {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('admin_operation')
    expect((await call('public_info')).isError).toBeFalsy()
    expect(() => authProvider.visited).toThrow()
    expect(authProvider.clientInformation()).toBeUndefined()
  })

  it('is sent to sign in at the first protected tool, registers by itself, and then calls it', async () => {
    await expect(call('get_user_profile')).rejects.toThrow(UnauthorizedError)
    expect(authProvider.visited.origin).toBe(servers.issuer)
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
    expect(authProvider.tokens()?.scope).toBe('read')
    expect((await call('read_data', { resource_id: 'doc1' })).isError).toBeFalsy()

    const note = { resource_id: 'v1', content: 'written by a v1 client' }
    await expect(call('write_data', note)).rejects.toThrow(UnauthorizedError)
    expect(authProvider.visited.searchParams.get('scope')?.split(' ').sort()).toEqual(['read', 'write'])
    await signIn('alice')
    expect((await call('write_data', note)).structuredContent).toMatchObject({ author: { sub: 'alice' } })
    const read = await call('read_data', { resource_id: 'v1' })
    expect(read.structuredContent).toMatchObject({ content: note.content })
  })

  it('35: is told that the scope is missing, and not led around in circles, when the account may not have it', async () => {
    await expect(call('read_data', { resource_id: 'doc1' })).rejects.toThrow(UnauthorizedError)
    await signIn('bob')
    const write = () => call('write_data', { resource_id: 'v1', content: 'x' })
    await expect(write()).rejects.toThrow(UnauthorizedError)
    await signIn('bob')
    await expect(write()).rejects.toThrow(/403/)
    expect((await call('read_data', { resource_id: 'doc1' })).isError).toBeFalsy()
  })
})
