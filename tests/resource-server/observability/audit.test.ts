import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type CapturedLog, captureLog } from '../../support/captured-log.ts'
import { createProofKey } from '../../support/dpop-proof.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, modernMeta, postMcp, sendRequest } from '../../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

let issuer: IssuerStandIn
let log: CapturedLog
let server: RunningResourceServer

beforeEach(async () => {
  issuer = await startIssuer()
  log = captureLog()
  server = await startResourceServer({ issuer: issuer.issuer, logger: log.logger })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const decisions = () => log.records().filter(({ event }) => event === 'decision')

describe('a decision is written down', () => {
  it('with who asked for what through which client, when it is allowed', async () => {
    const token = issuer.issue(server.resource, { scope: 'read', client_id: 'their-client' })
    await callTool(server.resource, 'read_data', { resource_id: 'doc1' }, { token })
    expect(decisions()).toEqual([
      expect.objectContaining({
        outcome: 'allowed',
        reason: 'allowed',
        method: 'tools/call',
        tool: 'read_data',
        iss: issuer.issuer,
        sub: 'alice',
        client_id: 'their-client',
        address: '127.0.0.1',
      }),
    ])
  })

  it('with the missing scope, when that is what it lacks', async () => {
    const token = issuer.issue(server.resource, { scope: 'read' })
    await callTool(server.resource, 'write_data', {}, { token })
    expect(decisions()).toEqual([
      expect.objectContaining({
        outcome: 'refused',
        reason: 'insufficient_scope',
        sub: 'alice',
        needed: ['write'],
      }),
    ])
  })

  it.each([
    ['no_token', undefined],
    ['inactive', () => 'unknown-token'],
    ['audience', () => issuer.issue('https://elsewhere.example/mcp')],
    ['expired', () => issuer.issue(server.resource, { exp: 1 })],
    ['dpop', () => issuer.issue(server.resource, { cnf: { jkt: 'x' }, token_type: 'DPoP' })],
    ['malformed_credentials', () => 'a b'],
  ])('with the reason %s, and without a caller', async (reason, makeToken) => {
    const token = makeToken?.()
    await callTool(server.resource, 'read_data', {}, token === undefined ? {} : { token })
    const [record] = decisions()
    expect(record).toMatchObject({ outcome: 'refused', reason, tool: 'read_data' })
    expect(record).not.toHaveProperty('sub')
  })

  const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })

  it('once for each message of a batch that is allowed', async () => {
    const headers = { 'mcp-protocol-version': '2025-03-26' }
    await postMcp(server.resource, [call(1, 'public_info'), call(2, 'public_info')], headers)
    expect(decisions().map(({ tool, outcome }) => [tool, outcome])).toEqual([
      ['public_info', 'allowed'],
      ['public_info', 'allowed'],
    ])
  })

  it('once for a batch that is refused, with the number of its messages', async () => {
    await postMcp(server.resource, [call(1, 'public_info'), call(2, 'read_data')])
    expect(log.records()).toEqual([
      expect.objectContaining({ event: 'decision', outcome: 'refused', tool: 'public_info', messages: 2 }),
    ])
  })

  it('once with what went wrong, when the issuer cannot be asked', async () => {
    issuer.fail('internal_error')
    await callTool(server.resource, 'read_data', {}, { token: 'some-token' })
    expect(decisions()).toEqual([
      expect.objectContaining({
        event: 'decision',
        outcome: 'refused',
        reason: 'unavailable',
        msg: 'a token cannot be checked',
        err: expect.objectContaining({ message: expect.any(String) }),
      }),
    ])
  })
})

describe('the trace of a request', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`
  const message = { jsonrpc: '2.0', id: 1, method: 'ping' }

  it('is taken from the header', async () => {
    await postMcp(server.resource, message, { traceparent })
    expect(decisions()).toEqual([expect.objectContaining({ trace_id: traceId })])
  })

  it('is taken from _meta, before the header', async () => {
    const params = { _meta: { ...modernMeta, traceparent } }
    const headers = {
      traceparent: traceparent.replace('0af7', 'ffff'),
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'ping',
    }
    await postMcp(server.resource, { ...message, params }, headers)
    expect(decisions()).toEqual([expect.objectContaining({ trace_id: traceId })])
  })

  it.each([
    'nonsense',
    `00-${traceId.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${traceId}-x-01`,
    'x'.repeat(9000),
  ])('is left out when it is %s', async (value) => {
    await postMcp(server.resource, { ...message, params: { _meta: { traceparent: value } } })
    expect(decisions()[0]).not.toHaveProperty('trace_id')
  })
})

describe('51: the log', () => {
  it('has one line for a name with line breaks in it, and not all of a long one', async () => {
    const forged = `x\r\n{"event":"decision","outcome":"allowed","tool":"forged"}\n${'y'.repeat(10_000)}`
    await callTool(server.resource, forged)
    await sendRequest(server.resource, forged)
    const lines = log.text().trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(decisions().every(({ outcome, tool }) => outcome === 'refused' && tool !== 'forged')).toBe(true)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1000)
  })

  it('never holds a token, whatever became of it, and neither do metrics and answers', async () => {
    const key = await createProofKey()
    const bound = issuer.issue(server.resource, {
      cnf: { jkt: key.thumbprint },
      token_type: 'DPoP',
      scope: 'read',
    })
    const proof = await key.prove({ url: server.resource, token: bound })
    const tokens = [
      issuer.issue(server.resource, { scope: 'read write admin' }),
      issuer.issue(server.resource, { scope: '' }),
      issuer.issue('https://elsewhere.example'),
      issuer.issue(server.resource, { exp: 1 }),
      'CANARYCANARYCANARY',
    ]
    const seen: string[] = []
    for (const token of tokens) {
      for (const tool of ['public_info', 'get_user_profile', 'read_data', 'write_data', 'admin_operation']) {
        const answer = await callTool(server.resource, tool, { operation: 'list_users' }, { token })
        seen.push(JSON.stringify([answer.body, ...answer.headers]))
      }
    }
    for (const _ of ['used', 'replayed']) {
      const headers = { authorization: `DPoP ${bound}`, dpop: proof }
      const answer = await postMcp(server.resource, { jsonrpc: '2.0', id: 1, method: 'ping' }, headers)
      seen.push(JSON.stringify([answer.status, answer.body, ...answer.headers]))
    }
    issuer.fail('garbage')
    await callTool(server.resource, 'read_data', {}, { token: 'CANARYCANARYCANARY2' })

    expect(decisions().map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(['allowed', 'invalid_dpop_proof']),
    )
    const everything = [log.text(), await server.metrics.text(), ...seen].join('\n')
    for (const secret of [...tokens, bound, proof]) expect(everything).not.toContain(secret)
  })
})
