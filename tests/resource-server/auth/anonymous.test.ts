import { describe, expect, it } from '@jest/globals'
import { allowsAnonymous as allows, isListen } from '../../../resource-server/auth/anonymous.ts'
import type { Message } from '../../../resource-server/auth/json-rpc.ts'

const knownTools = new Set(['public_info', 'admin_operation'])
const allowsAnonymous = (message: Message) => allows(message, knownTools)

const request = (method: unknown, params?: Record<string, unknown>) => ({
  jsonrpc: '2.0' as const,
  id: 1,
  method,
  ...(params && { params }),
})
const listen = (notifications: unknown) => request('subscriptions/listen', { notifications })

describe('allowsAnonymous', () => {
  it.each(['server/discover', 'initialize', 'ping', 'tools/list'])(
    'lets %s further without a token',
    (method) => {
      expect(allowsAnonymous(request(method))).toBe(true)
    },
  )

  it('lets the call of a listed tool further, whose own scopes decide', () => {
    expect(allowsAnonymous(request('tools/call', { name: 'public_info' }))).toBe(true)
    expect(allowsAnonymous(request('tools/call', { name: 'admin_operation' }))).toBe(true)
  })

  it.each([
    ['a tool that is not listed', { name: 'hidden' }],
    ['another case', { name: 'Public_Info' }],
    ['a space', { name: 'public_info ' }],
    ['an array that reads like a tool', { name: ['public_info'] }],
    ['no name', {}],
    ['no parameters', undefined],
  ])('36: wants a token for the call of %s', (_, params) => {
    expect(allowsAnonymous(request('tools/call', params))).toBe(false)
  })

  it.each([
    'resources/list',
    'resources/read',
    'resources/templates/list',
    'resources/subscribe',
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'logging/setLevel',
    'sampling/createMessage',
    'tasks/list',
    'no/such/method',
    '',
    'Tools/call',
    'TOOLS/LIST',
    'tools/call ',
    'tools/call\0',
    'tools//call',
    '__proto__',
    'constructor',
  ])('36: wants a token for "%s"', (method) => {
    expect(allowsAnonymous(request(method))).toBe(false)
  })

  it.each([
    ['an array that reads like a method', ['tools/list']],
    ['an object', { toString: 'tools/list' }],
    ['a number', 1],
    ['null', null],
    ['nothing', undefined],
  ])('36: wants a token when the method is %s', (_, method) => {
    expect(allowsAnonymous(request(method))).toBe(false)
  })

  it('lets notifications further, and nothing that only looks like one', () => {
    const initialized = { jsonrpc: '2.0' as const, method: 'notifications/initialized' }
    expect(allowsAnonymous(initialized)).toBe(true)
    expect(allowsAnonymous({ ...initialized, id: 1 })).toBe(false)
    expect(allowsAnonymous({ ...initialized, method: 'notifications/of-some-server' })).toBe(false)
    expect(allowsAnonymous({ ...initialized, id: null })).toBe(false)
    expect(allowsAnonymous({ jsonrpc: '2.0', method: 'resources/read' })).toBe(false)
    expect(allowsAnonymous({ jsonrpc: '2.0', method: 'x/notifications/y' })).toBe(false)
  })

  it('wants a token for an answer to a request of the server', () => {
    expect(allowsAnonymous({ jsonrpc: '2.0', id: 1 })).toBe(false)
  })

  it('lets an anonymous stream watch lists', () => {
    const filter = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }
    expect(allowsAnonymous(listen(filter))).toBe(true)
    expect(allowsAnonymous(listen({}))).toBe(true)
  })

  it.each([
    ['documents', { resourceSubscriptions: ['doc://doc1'] }],
    ['documents beside lists', { toolsListChanged: true, resourceSubscriptions: [] }],
    ['something unknown', { everything: true }],
    ['nothing that is named', undefined],
    ['null', null],
    ['a string', 'toolsListChanged'],
  ])('does not let an anonymous stream watch %s', (_, filter) => {
    expect(allowsAnonymous(listen(filter))).toBe(false)
  })

  it('does not let an anonymous stream start without parameters', () => {
    expect(allowsAnonymous(request('subscriptions/listen'))).toBe(false)
  })
})

describe('isListen', () => {
  it('knows the one request that opens a stream', () => {
    expect(isListen(request('subscriptions/listen'))).toBe(true)
    expect(isListen(request('subscriptions/unlisten'))).toBe(false)
    expect(isListen(request('Subscriptions/Listen'))).toBe(false)
  })
})
