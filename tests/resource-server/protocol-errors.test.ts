import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, type Era, sendBatch, sendRequest, toolErrorOf } from '../support/mcp-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
const url = server.resource
const token = issuer.issue(url, { scope: 'read write admin' })
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

describe.each<Era>(['legacy', 'modern'])('in the %s era', (era) => {
  it('an unknown tool is -32602', async () => {
    const { body } = await callTool(url, 'no_such_tool', {}, { era, token })
    expect(body.error).toMatchObject({ code: -32602, message: expect.stringContaining('no_such_tool') })
  })

  it('31: an unknown tool is a 401 without a token', async () => {
    expect((await callTool(url, 'no_such_tool', {}, { era })).status).toBe(401)
  })

  it('an unknown method is -32601', async () => {
    const { body } = await sendRequest(url, 'no/such/method', {}, { era, token })
    expect(body.error?.code).toBe(-32601)
  })

  it.each([
    ['a number for a string', 'read_data', { resource_id: 1 }, 'resource_id'],
    ['null', 'read_data', { resource_id: null }, 'resource_id'],
    ['an object', 'read_data', { resource_id: { $ne: '' } }, 'resource_id'],
    ['nothing', 'write_data', { resource_id: 'a' }, 'content'],
    ['an array', 'write_data', { resource_id: 'a', content: ['x'] }, 'content'],
    ['a boolean', 'admin_operation', { operation: true }, 'operation'],
  ])('%s as an argument is an error that names it', async (_, name, args, named) => {
    const message = toolErrorOf(await callTool(url, name, args, { era, token }))
    expect(message).toContain(named)
    expect(message).toContain(name)
  })

  it.each([
    ['an array of arguments', { name: 'public_info', arguments: [] }],
    ['arguments in a string', { name: 'public_info', arguments: '{}' }],
    ['a name that is an object', { name: { toString: 'public_info' }, arguments: {} }],
    ['a name that is an array', { name: ['public_info'], arguments: {} }],
    ['no name', { arguments: {} }],
  ])('%s is a protocol error', async (_, params) => {
    const { body } = await sendRequest(url, 'tools/call', params, { era, token })
    expect(body.error).toBeDefined()
    expect(body.result).toBeUndefined()
  })

  it('arguments that no tool asked for are ignored', async () => {
    expect((await callTool(url, 'public_info', { extra: 1 }, { era })).status).toBe(200)
  })

  it('says which server this is', async () => {
    const params = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
    }
    const method = era === 'legacy' ? 'initialize' : 'server/discover'
    const { status, body } = await sendRequest(url, method, era === 'legacy' ? params : {}, { era })
    expect(status).toBe(200)
    expect(JSON.stringify(body.result)).toContain('"name":"gatehouse"')
    expect(body.result?.instructions).toContain('public_info')
  })
})

it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
  'speaks revision %s',
  async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 't', version: '0' } }
    const { body } = await sendRequest(url, 'initialize', params)
    expect(body.result?.protocolVersion).toBe(protocolVersion)
  },
)

it('takes a notification without answering', async () => {
  const { status, answers } = await sendBatch(url, [{ jsonrpc: '2.0', method: 'notifications/initialized' }])
  expect([status, answers]).toEqual([202, []])
})

it('takes at most 100 messages at once', async () => {
  const pings = Array.from({ length: 101 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))
  expect((await sendBatch(url, pings)).status).toBe(400)
  expect((await sendBatch(url, pings.slice(1))).answers).toHaveLength(100)
})
