import fc from 'fast-check'
import { modernMeta } from './mcp-request.ts'
import { type ProtectedTarget, protectedTargets } from './strangers-server.ts'

/** One HTTP request to an MCP endpoint, before anyone's token is put in. */
export interface FuzzedRequest {
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>
  /** True when it is a correct request for something protected: only the token decides whether it runs. */
  readonly isValidProtectedCall: boolean
}

const id = fc.oneof(fc.nat(), fc.string({ minLength: 1, maxLength: 12 }), fc.uuid())
const target = fc.constantFrom(...protectedTargets)
const nameOf = ({ params }: ProtectedTarget) => String(params.name ?? params.uri)

/** Headers of the modern era: its own protocol checks them against the body. */
const modernHeaders = (of: ProtectedTarget) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': of.method,
  'mcp-name': nameOf(of),
})

/** In the legacy era headers decide nothing, so that a lie in them changes nothing either. */
const legacyLies = fc.constantFrom<Record<string, string>>(
  {},
  { 'mcp-name': 'open' },
  { 'mcp-method': 'tools/list' },
  { 'mcp-method': 'tools/call', 'mcp-name': 'open' },
  { 'x-http-method-override': 'GET', 'x-original-url': '/' },
)

const message = (requestId: unknown, { method, params }: ProtectedTarget, more: object = {}) => ({
  jsonrpc: '2.0',
  id: requestId,
  method,
  params: { ...params, ...more },
})
const openCall: ProtectedTarget = { method: 'tools/call', params: { name: 'open', arguments: {} }, needs: [] }

const legacyCall = fc.tuple(id, target, legacyLies).map(
  ([requestId, of, headers]): FuzzedRequest => ({
    body: JSON.stringify(message(requestId, of)),
    headers,
    isValidProtectedCall: true,
  }),
)
const modernCall = fc.tuple(id, target).map(
  ([requestId, of]): FuzzedRequest => ({
    body: JSON.stringify(message(requestId, of, { _meta: modernMeta })),
    headers: modernHeaders(of),
    isValidProtectedCall: true,
  }),
)
const legacyBatch = fc
  .tuple(fc.array(fc.tuple(fc.boolean(), target), { minLength: 1, maxLength: 6 }), target, fc.nat(6))
  .map(([others, of, place]): FuzzedRequest => {
    const calls = others.map(([isOpen, other]) => (isOpen ? openCall : other))
    calls.splice(place, 0, of)
    const body = JSON.stringify(calls.map((one, index) => message(index, one)))
    return { body, headers: {}, isValidProtectedCall: true }
  })

const methods = ['tools/call', 'tools/list', 'resources/read', 'resources/list', 'resources/templates/list']
const moreMethods = ['prompts/get', 'prompts/list', 'completion/complete', 'logging/setLevel', 'ping']
const evenMoreMethods = [
  'initialize',
  'server/discover',
  'notifications/initialized',
  'notifications/cancelled',
]
const method = fc.oneof(
  fc.constantFrom(...methods, ...moreMethods, ...evenMoreMethods, 'resources/subscribe', 'tasks/get'),
  fc.constantFrom('Tools/Call', 'TOOLS/CALL', 'tools/call ', 'tools//call', 'tools/call\u0000', '__proto__'),
  fc.string({ maxLength: 20 }),
  fc.jsonValue({ maxDepth: 1 }),
)
const name = fc.oneof(
  fc.constantFrom(
    'open',
    'reader',
    'editor',
    'boss',
    'signed_in',
    'draft',
    'secret://plan',
    'file://any/thing',
  ),
  fc.constantFrom('Boss', 'BOSS', ' boss', 'boss\u0000', 'ｂoss', '__proto__', 'constructor', 'toString'),
  fc.jsonValue({ maxDepth: 2 }),
)
const params = fc.oneof(
  fc.record({ name, arguments: fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })) }),
  fc.record({ uri: name }),
  fc.record({ name, uri: name, _meta: fc.oneof(fc.constant(modernMeta), fc.jsonValue({ maxDepth: 2 })) }),
  fc.record({ params: fc.record({ name }), name }),
  fc.jsonValue({ maxDepth: 3 }),
)
const oddMessage = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, fc.constantFrom('1.0', 2, null)),
    id: fc.oneof(id, fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(null, -0.5, Number.MAX_SAFE_INTEGER)),
    method,
    params,
  },
  { requiredKeys: ['jsonrpc'] },
)
const oddHeaders = fc.oneof(
  legacyLies,
  target.map(modernHeaders),
  target.map((of) => ({ ...modernHeaders(of), 'mcp-name': 'open' })),
  fc.constant({ 'mcp-protocol-version': '2025-11-25' }),
  fc.constant({ 'mcp-protocol-version': '9999-99-99' }),
  fc.constant({ 'content-type': 'text/plain' }),
  fc.constant({ accept: 'application/json' }),
)
const odd = (body: fc.Arbitrary<string | Uint8Array>) =>
  fc
    .tuple(body, oddHeaders)
    .map(([text, headers]): FuzzedRequest => ({ body: text, headers, isValidProtectedCall: false }))

/** JSON that says a key twice, or names the prototype: what is judged must be what runs. */
const duplicateKeys = fc.tuple(name, name, target).map(([first, second, of]) => {
  const [one, two] = [JSON.stringify(first), JSON.stringify(second)]
  const method = JSON.stringify(of.method)
  return `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":${method},"params":{"name":${one}},"__proto__":{"method":"ping"},"params":{"name":${one},"name":${two},"uri":${two},"__proto__":{"name":"open"},"arguments":{}}}`
})

const listen = fc
  .tuple(fc.jsonValue({ maxDepth: 2 }), fc.boolean())
  .map(([filter, isWide]): FuzzedRequest => {
    const of = { method: 'subscriptions/listen', params: {}, needs: [] }
    const notifications = isWide
      ? { resourceSubscriptions: ['secret://plan'], toolsListChanged: true }
      : filter
    const { 'mcp-name': _, ...headers } = modernHeaders(of)
    return {
      body: JSON.stringify(message(1, of, { notifications, _meta: modernMeta })),
      headers,
      isValidProtectedCall: false,
    }
  })

/** Requests of every shape; about 45 in 100 are correct calls of something protected. */
export const fuzzedRequest: fc.Arbitrary<FuzzedRequest> = fc.oneof(
  { weight: 18, arbitrary: legacyCall },
  { weight: 18, arbitrary: modernCall },
  { weight: 9, arbitrary: legacyBatch },
  { weight: 20, arbitrary: odd(oddMessage.map((value) => JSON.stringify(value))) },
  { weight: 8, arbitrary: odd(fc.array(oddMessage, { maxLength: 5 }).map((value) => JSON.stringify(value))) },
  { weight: 8, arbitrary: odd(duplicateKeys) },
  { weight: 7, arbitrary: odd(fc.jsonValue().map((value) => JSON.stringify(value))) },
  { weight: 5, arbitrary: odd(fc.uint8Array({ maxLength: 200 })) },
  { weight: 4, arbitrary: odd(target.map((of) => `${JSON.stringify(message(1, of))}\u0000`)) },
  { weight: 3, arbitrary: listen },
)
