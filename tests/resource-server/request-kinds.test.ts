import { afterAll, describe, expect, it } from '@jest/globals'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { type Era, sendBatch, sendRequest } from '../support/mcp-request.ts'
import { openStream } from '../support/mcp-stream.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const env = { RATE_LIMIT: '1000000', RATE_LIMIT_ANONYMOUS: '1000000' }
const server = await startResourceServer({ issuer: issuer.issuer, env })
const url = server.resource
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

const callers = {
  nobody: undefined,
  garbage: 'garbage',
  scopeless: issuer.issue(url, { scope: '' }),
  full: issuer.issue(url, { scope: 'read write admin' }),
} as const
type Statuses = Readonly<Record<keyof typeof callers, number>>
const names = Object.keys(callers) as (keyof typeof callers)[]

const open: Statuses = { nobody: 200, garbage: 401, scopeless: 200, full: 200 }
const anyToken: Statuses = { nobody: 401, garbage: 401, scopeless: 200, full: 200 }
const scoped: Statuses = { nobody: 401, garbage: 401, scopeless: 403, full: 200 }

const initialize = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '0' },
}
const call = (name: string, args = {}) => ({ name, arguments: args })
const complete = { ref: { type: 'ref/resource', uri: 'doc://{id}' }, argument: { name: 'id', value: '' } }

/** What each kind of request is answered, by who sends it. Whatever is not listed as open needs a token. */
const kinds: readonly (readonly [
  method: string,
  params: object,
  statuses: Statuses,
  eras: readonly Era[],
])[] = [
  ['initialize', initialize, open, ['legacy']],
  ['server/discover', {}, open, ['modern']],
  ['ping', {}, open, ['legacy']],
  ['tools/list', {}, open, ['legacy', 'modern']],
  ['tools/call', call('public_info'), open, ['legacy', 'modern']],
  ['tools/call', call('get_user_profile'), anyToken, ['legacy', 'modern']],
  ['tools/call', call('read_data', { resource_id: 'doc1' }), scoped, ['legacy', 'modern']],
  ['tools/call', call('no_such_tool'), anyToken, ['legacy', 'modern']],
  ['resources/list', {}, anyToken, ['legacy', 'modern']],
  ['resources/templates/list', {}, anyToken, ['legacy', 'modern']],
  ['resources/read', { uri: 'doc://doc1' }, scoped, ['legacy', 'modern']],
  ['resources/subscribe', { uri: 'doc://doc1' }, anyToken, ['legacy']],
  ['resources/unsubscribe', { uri: 'doc://doc1' }, anyToken, ['legacy']],
  ['prompts/list', {}, anyToken, ['legacy']],
  ['prompts/get', { name: 'any' }, anyToken, ['legacy']],
  ['completion/complete', complete, anyToken, ['legacy', 'modern']],
  ['logging/setLevel', { level: 'debug' }, anyToken, ['legacy']],
  ['tasks/list', {}, anyToken, ['legacy']],
  ['no/such/method', {}, anyToken, ['legacy']],
]

describe.each(kinds)('31, 35: %s %j', (method, params, statuses, eras) => {
  it.each(eras)('is answered by who sends it, in the %s era', async (era) => {
    const answered: [string, number][] = []
    for (const name of names) {
      const token = callers[name]
      const { status, headers } = await sendRequest(
        url,
        method,
        { ...params },
        { era, ...(token && { token }) },
      )
      answered.push([name, status === 404 || status === 400 ? 200 : status])
      expect([name, headers.has('www-authenticate')]).toEqual([name, [401, 403].includes(status)])
    }
    expect(Object.fromEntries(answered)).toEqual(statuses)
  })
})

it.each(['initialized', 'cancelled', 'progress', 'roots/list_changed'])(
  '31: notifications/%s need no token, and must not come with a bad one',
  async (name) => {
    const notification = { jsonrpc: '2.0', method: `notifications/${name}`, params: { requestId: 1 } }
    expect((await sendBatch(url, [notification])).status).toBe(202)
    expect((await sendBatch(url, [notification], { authorization: 'Bearer garbage' })).status).toBe(401)
  },
)

it('31: a call without an id is no way around its scopes', async () => {
  const write = {
    jsonrpc: '2.0',
    method: 'tools/call',
    params: call('write_data', { resource_id: 'n', content: 'x' }),
  }
  await sendBatch(url, [write])
  await sendBatch(url, [write], { authorization: `Bearer ${callers.scopeless}` })
  const { body } = await sendRequest(url, 'tools/call', call('read_data', { resource_id: 'n' }), {
    token: callers.full,
  })
  expect(body.result?.isError).toBe(true)
})

it('31, 35: a batch is answered as its most protected message is', async () => {
  const messages = kinds
    .filter(([, , , eras]) => eras.includes('legacy'))
    .map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }))
    .filter(({ method }) => method !== 'initialize')
  for (const name of names) {
    const token = callers[name]
    const { status } = await sendBatch(url, messages, token ? { authorization: `Bearer ${token}` } : {})
    expect([name, status]).toEqual([name, scoped[name]])
  }
})

it('31: subscriptions/listen opens for lists without a token, and never with a bad one', async () => {
  for (const name of names) {
    const token = callers[name]
    const stream = await openStream(url, { toolsListChanged: true }, token ? { token } : {})
    expect([name, stream.status]).toEqual([name, open[name]])
    stream.close()
  }
})
