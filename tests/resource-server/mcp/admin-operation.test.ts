import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, contentOf, toolErrorOf } from '../../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

let time: number
let issuer: IssuerStandIn
let server: RunningResourceServer
let admin: string
const now = () => time

beforeEach(async () => {
  time = Date.parse('2026-01-01T00:00:00Z')
  issuer = await startIssuer({ now })
  server = await startResourceServer({ issuer: issuer.issuer, now })
  admin = issuer.issue(server.resource, { scope: 'admin', sub: 'admin', username: 'admin' })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const run = (operation: string) =>
  callTool(server.resource, 'admin_operation', { operation }, { token: admin })

async function status(): Promise<Record<string, unknown>> {
  return { ...(contentOf(await run('system_status')).status as Record<string, unknown>) }
}

describe('system_status', () => {
  it('says how long the server has been up and how it validates', async () => {
    time += 61_500
    expect(await status()).toMatchObject({ uptime_seconds: 61, token_validation: 'introspection' })
  })

  it('counts introspections and what the cache saved', async () => {
    expect(await status()).toMatchObject({ introspections: 1, cache_hits: 0 })
    expect(await status()).toMatchObject({ introspections: 1, cache_hits: 1 })
    await callTool(server.resource, 'public_info', {}, { token: issuer.issue(server.resource) })
    await callTool(server.resource, 'public_info')
    expect(await status()).toMatchObject({ introspections: 2, cache_hits: 2 })
    time += 10_000
    expect(await status()).toMatchObject({ introspections: 3, cache_hits: 2 })
    expect(issuer.use.introspection.requests).toBe(3)
  })

  it('counts requests that were refused, and only those', async () => {
    const reader = issuer.issue(server.resource)
    await callTool(server.resource, 'public_info')
    await callTool(server.resource, 'read_data', { resource_id: 'doc1' }, { token: reader })
    expect(await status()).toMatchObject({ refusals: 0 })
    await callTool(server.resource, 'read_data', { resource_id: 'doc1' })
    await callTool(server.resource, 'read_data', { resource_id: 'doc1' }, { token: 'bad' })
    await callTool(server.resource, 'write_data', { resource_id: 'a', content: 'b' }, { token: reader })
    expect(await status()).toMatchObject({ refusals: 3 })
  })
})

describe('list_users', () => {
  it('lists who has called with a valid token, and nobody else', async () => {
    const alice = issuer.issue(server.resource, { client_id: 'editor' })
    await callTool(server.resource, 'public_info', {}, { token: alice })
    await callTool(server.resource, 'public_info', {}, { token: 'bad' })
    await callTool(server.resource, 'public_info')
    time += 5000
    await callTool(server.resource, 'get_user_profile', {}, { token: alice })
    expect(contentOf(await run('list_users')).users).toContainEqual({
      iss: issuer.issuer,
      sub: 'alice',
      username: 'alice',
      clients: ['editor'],
      first_seen: '2026-01-01T00:00:00.000Z',
      last_seen: '2026-01-01T00:00:05.000Z',
      requests: 2,
    })
    const users = contentOf(await run('list_users')).users as { sub: string }[]
    expect(users.map(({ sub }) => sub).sort()).toEqual(['admin', 'alice'])
  })

  it('51: shows no token', async () => {
    await callTool(server.resource, 'get_user_profile', {}, { token: admin })
    expect(JSON.stringify(await run('list_users'))).not.toContain(admin)
  })
})

describe('an unknown operation', () => {
  it.each(['reboot', '', 'System_Status', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    '"%s" is refused with the names of those that there are',
    async (operation) => {
      expect(toolErrorOf(await run(operation))).toBe(
        `There is no operation "${operation}". There are: system_status, list_users.`,
      )
    },
  )
})
