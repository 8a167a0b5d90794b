import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, sendRequest } from '../../support/mcp-request.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

let issuer: IssuerStandIn
let server: RunningResourceServer

beforeEach(async () => {
  issuer = await startIssuer()
  server = await startResourceServer({ issuer: issuer.issuer })
})
afterEach(async () => {
  await server.stop()
  await issuer.stop()
})

/** The samples of one metric, by their labels. */
async function samples(name: string): Promise<Record<string, number>> {
  const lines = (await server.metrics.text()).split('\n').filter((line) => line.startsWith(name))
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = '', value] = /^\w+(\{.*\})? (.+)$/.exec(line) ?? []
      return [labels, Number(value)]
    }),
  )
}

it('counts decisions by tool and reason', async () => {
  const token = issuer.issue(server.resource, { scope: 'read' })
  await callTool(server.resource, 'read_data', { resource_id: 'doc1' }, { token })
  await callTool(server.resource, 'read_data', { resource_id: 'doc1' }, { token })
  await callTool(server.resource, 'write_data', {}, { token })
  await callTool(server.resource, 'read_data')
  await sendRequest(server.resource, 'tools/list')
  expect(await samples('gatehouse_decisions_total')).toEqual({
    '{tool="read_data",reason="allowed"}': 2,
    '{tool="write_data",reason="insufficient_scope"}': 1,
    '{tool="read_data",reason="no_token"}': 1,
    '{tool="none",reason="allowed"}': 1,
  })
})

it('makes no series of the names that callers make up', async () => {
  for (let index = 0; index < 50; index += 1) {
    await callTool(server.resource, `made-up-${index}`)
    await sendRequest(server.resource, `made/up/${index}`)
  }
  expect(await samples('gatehouse_decisions_total')).toEqual({
    '{tool="unknown",reason="no_token"}': 50,
    '{tool="none",reason="no_token"}': 50,
  })
})

it('measures validations by outcome, and counts what the cache saved and what the issuer failed', async () => {
  const token = issuer.issue(server.resource)
  for (const sent of [token, token, 'bad'])
    await callTool(server.resource, 'public_info', {}, { token: sent })
  issuer.fail('internal_error')
  await callTool(server.resource, 'public_info', {}, { token: 'unknown' })
  expect(await samples('gatehouse_token_validation_seconds_count')).toEqual({
    '{outcome="good"}': 1,
    '{outcome="refused"}': 1,
    '{outcome="unavailable"}': 1,
  })
  expect(await samples('gatehouse_token_cache_hits_total')).toEqual({ '': 1 })
  expect(await samples('gatehouse_issuer_errors_total')).toEqual({ '': 1 })
})

it('knows how many requests are in flight', async () => {
  issuer.fail('hang', ['introspection'])
  const stuck = callTool(server.resource, 'public_info', {}, { token: issuer.issue(server.resource) })
  await issuer.reached('introspection', 1)
  expect(await samples('gatehouse_requests_in_flight')).toEqual({ '': 1 })
  await issuer.heal()
  await stuck
  expect(await samples('gatehouse_requests_in_flight')).toEqual({ '': 0 })
})
