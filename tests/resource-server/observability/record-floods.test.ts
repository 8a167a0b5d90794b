import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { captureLog } from '../../support/captured-log.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { postMcp } from '../../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

const log = captureLog()
let issuer: IssuerStandIn
let server: RunningResourceServer
beforeEach(async () => {
  issuer = await startIssuer()
  const env = { RATE_LIMIT_ANONYMOUS: '2', TRUST_PROXY: 'loopback' }
  server = await startResourceServer({ issuer: issuer.issuer, env, logger: log.logger })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const ask = (address: string, headers: Readonly<Record<string, string>> = {}, body: object = ping) =>
  postMcp(server.resource, body, { 'x-forwarded-for': address, ...headers })

/** What is written down while something is done. */
async function recorded(action: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  const before = log.records().length
  await action()
  return log.records().slice(before)
}

const wait = (record: Record<string, unknown>) => record.reason === 'rate_limited'

it('writes one record for all 429s of a network in a minute, whatever was asked and from which of its addresses', async () => {
  const records = await recorded(async () => {
    for (let index = 0; index < 20; index += 1) {
      await ask('203.0.113.1')
      await ask('203.0.113.1', { authorization: `Bearer random-${index}` })
      await ask('203.0.113.1', {}, [ping, ping, ping])
    }
  })
  expect(records.filter(wait)).toEqual([
    expect.objectContaining({ event: 'decision', outcome: 'refused', address: '203.0.113.1' }),
  ])
  const others = await recorded(async () => {
    for (let index = 0; index < 60; index += 1) await ask(`2001:db8:1:${index.toString(16)}::1`)
  })
  expect(others.filter(wait)).toHaveLength(1)
  expect(await recorded(() => ask('203.0.113.1'))).toEqual([])
})

it('writes one record for each request that is refused for another reason', async () => {
  const call = { ...ping, method: 'tools/call', params: { name: 'read_data' } }
  expect(await recorded(() => ask('203.0.113.2', {}, call))).toHaveLength(1)
  expect(await recorded(() => ask('203.0.113.3', {}, [call, call, call].slice(0, 2)))).toHaveLength(1)
  expect(await recorded(() => ask('203.0.113.4', { authorization: 'Bearer x' }, call))).toHaveLength(1)
  issuer.fail('internal_error')
  const unavailable = await recorded(() => ask('203.0.113.5', { authorization: 'Bearer y' }, [call, call]))
  // The other one says, once, that the issuer cannot be asked from now on.
  expect(unavailable.filter(({ event }) => event === 'decision')).toHaveLength(1)
})
