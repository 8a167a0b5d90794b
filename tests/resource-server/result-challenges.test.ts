import { afterAll, describe, expect, it } from '@jest/globals'
import { challengedInResult } from '../../resource-server/result-challenges.ts'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, postMcp } from '../support/mcp-request.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({
  issuer: issuer.issuer,
  env: { CHALLENGE_IN_RESULT: 'ResultReader' },
})
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const url = 'http://localhost:8000/mcp'
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call' } as const
const meta = (name: unknown) => ({ _meta: { 'io.modelcontextprotocol/clientInfo': { name } } })
const byName = challengedInResult(['ResultReader', 'Other'])

describe('a client that reads challenges in results', () => {
  it.each([
    [meta('ResultReader'), '', true],
    [meta('Other'), 'node', true],
    [{}, 'ResultReader/1.0', true],
    [meta('resultreader'), '', false],
    [meta('ResultReader2'), '', false],
    [{}, 'Mozilla/5.0 ResultReader', false],
    [meta({ toString: 'ResultReader' }), '', false],
    [{ _meta: null }, '', false],
    [{ _meta: 'ResultReader' }, '', false],
    [{ _meta: { 'io.modelcontextprotocol/clientInfo': null } }, '', false],
    [undefined, '', false],
  ])(
    'is known by its name in the request or at the start of its User-Agent: %j %s',
    (params, agent, known) => {
      const request = new Request(url, { headers: { 'user-agent': agent } })
      expect(byName({ request, message: { ...call, ...(params && { params }) } })).toBe(known)
    },
  )

  it('is nobody unless the setting names one', () => {
    const request = new Request(url, { headers: { 'user-agent': 'anything' } })
    expect(challengedInResult([])({ request, message: { ...call, params: meta('') } })).toBe(false)
  })

  const agent = { 'user-agent': 'ResultReader/1.0' }
  const write = { ...call, params: { name: 'write_data', arguments: { resource_id: 'a', content: 'b' } } }

  it('31: gets the same challenge in the result, and the tool has not run', async () => {
    const { headers } = await postMcp(server.resource, write)
    const { status, body } = await postMcp(server.resource, write, agent)
    expect(status).toBe(200)
    expect(body.result).toMatchObject({
      isError: true,
      _meta: { 'mcp/www_authenticate': [headers.get('www-authenticate')] },
    })
    const token = issuer.issue(server.resource)
    expect(
      (await callTool(server.resource, 'read_data', { resource_id: 'a' }, { token })).body.result,
    ).toMatchObject({
      isError: true,
    })
  })

  it('35: gets the missing scope in the result', async () => {
    const authorization = `Bearer ${issuer.issue(server.resource)}`
    const { body } = await postMcp(server.resource, write, { ...agent, authorization })
    expect(JSON.stringify(body.result?._meta)).toContain('insufficient_scope')
  })

  it('gets everything else by HTTP, and batches too', async () => {
    const list = { jsonrpc: '2.0', id: 1, method: 'resources/list' }
    expect((await postMcp(server.resource, list, agent)).status).toBe(401)
    expect((await postMcp(server.resource, [write, write], agent)).status).toBe(401)
  })
})
