import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as StdioClientTransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { openServer } from '../support/http-server.ts'
import { killPrograms, startProgram } from '../support/programs.ts'
import { obtainTokens, post } from '../support/sign-in.ts'
import { startProvider } from '../support/start-provider.ts'

const provider = await startProvider()
afterAll(async () => {
  killPrograms()
  await provider.stop()
})

const main = 'resource-server/main.ts'
const env = {
  ISSUER: provider.issuer,
  RESOURCE: provider.config.resource,
  INTROSPECTION_CACHE_SECONDS: '0',
  LOG_LEVEL: 'warn',
}

/** How a host starts the server: `npm run mcp -- --stdio`, without npm. */
function serverParameters(accessToken: string | undefined) {
  return {
    command: process.execPath,
    args: ['-r', './runtime/require-node.cjs', main, '--stdio'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...env, ...(accessToken !== undefined && { ACCESS_TOKEN: accessToken }) },
    stderr: 'inherit' as const,
  }
}

const tokenOf = async (username: string): Promise<string> => {
  const { body } = await obtainTokens(provider, username, { scope: 'read write admin' })
  return String(body.access_token)
}

async function connectV2(accessToken: string | undefined, mode: 'legacy' | { pin: string }): Promise<Client> {
  const client = new Client({ name: 'v2', version: '0' }, { versionNegotiation: { mode } })
  await client.connect(new StdioClientTransport(serverParameters(accessToken)))
  return client
}

async function connectV1(accessToken: string | undefined): Promise<ClientV1> {
  const client = new ClientV1({ name: 'v1', version: '0' })
  await client.connect(new StdioClientTransportV1(serverParameters(accessToken)))
  return client
}

/** What both SDKs' clients have in common, as far as these tests go. */
interface AnyClient {
  callTool(call: { name: string; arguments: Record<string, string> }): Promise<Record<string, unknown>>
  listTools(): Promise<{ tools: unknown[] }>
  close(): Promise<void>
}

const clients: readonly [string, (accessToken?: string) => Promise<AnyClient>][] = [
  ['2.x SDK, MCP 2026-07-28', (accessToken) => connectV2(accessToken, { pin: '2026-07-28' })],
  ['2.x SDK, MCP 2025-11-25', (accessToken) => connectV2(accessToken, 'legacy')],
  ['1.x SDK', connectV1],
]

describe.each(clients)('over stdio, with the %s,', (_, connect) => {
  let client: AnyClient | undefined
  afterEach(() => client?.close())

  const call = (name: string, args: Record<string, string> = {}) =>
    client?.callTool({ name, arguments: args }) ?? Promise.reject(new Error('Not connected.'))

  it('without ACCESS_TOKEN the public tool works, and a protected one is refused in words', async () => {
    client = await connect()
    expect((await client.listTools()).tools).toHaveLength(6)
    expect((await call('public_info')).isError ?? false).toBe(false)
    await expect(call('read_data', { resource_id: 'doc1' })).rejects.toThrow(/token/i)
  })

  it('with bob’s token he may read and not write, until the token is revoked', async () => {
    const token = await tokenOf('bob')
    client = await connect(token)
    const { structuredContent } = await call('get_user_profile')
    expect(structuredContent).toMatchObject({ username: 'bob' })
    expect((await call('read_data', { resource_id: 'doc1' })).isError ?? false).toBe(false)
    await expect(call('write_data', { resource_id: 'doc1', content: 'x' })).rejects.toThrow(/write/)

    await post(`${provider.issuer}/revoke`, { client_id: 'test-client', token })
    await expect(call('read_data', { resource_id: 'doc1' })).rejects.toThrow(/token/i)
  })
})

describe('the stdio server as a process', () => {
  const request = (id: number, method: string, params = {}) =>
    `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
  const call = (id: number, name: string) => request(id, 'tools/call', { name, arguments: {} })

  it('51: writes nothing but JSON-RPC to standard output, whatever comes in, and no token anywhere', async () => {
    const token = await tokenOf('bob')
    const server = startProgram(main, { ...env, ACCESS_TOKEN: token, LOG_LEVEL: 'trace' }, ['--stdio'])
    server.stdin.write(call(1, 'get_user_profile'))
    server.stdin.write('not JSON\n{"jsonrpc":"2.0"}\n[]\n\n"\\u0000"\n{"id":{}}\r\n')
    server.stdin.write(call(2, 'no_such_tool'))
    server.stdin.write(call(3, 'admin_operation'))
    server.stdin.write(request(4, 'ping'))
    await server.wrote(/"id":4/)
    await server.wrote(/"id":3/)
    server.stdin.end()
    const { code, stdout, stderr } = await server.ended
    expect(code).toBe(0)
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(messages.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true)
    expect(messages.find(({ id }) => id === 1).result.structuredContent.username).toBe('bob')
    expect(messages.find(({ id }) => id === 3).error).toBeDefined()
    expect(stdout + stderr).not.toContain(token)
    for (const line of stderr.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
  })

  it('ends with 0 when standard input ends, after it has answered what was asked', async () => {
    const server = startProgram(main, env, ['--stdio'])
    server.stdin.write(call(1, 'public_info'))
    server.stdin.end()
    const { code, stdout } = await server.ended
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ id: 1, result: { structuredContent: expect.anything() } })
  })

  it('listens on no port: it works where its own is taken', async () => {
    const taken = await openServer()
    const server = startProgram(main, { ...env, PORT: String(taken.port) }, ['--stdio'])
    server.stdin.end(request(1, 'ping'))
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' })
    await taken.close()
  })
})
