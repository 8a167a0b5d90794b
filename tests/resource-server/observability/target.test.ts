import { describe, expect, it } from '@jest/globals'
import type { Decision } from '../../../resource-server/auth/gate.ts'
import { reasonOf, targetOf } from '../../../resource-server/observability/target.ts'

describe('targetOf', () => {
  it.each([
    [
      { jsonrpc: '2.0', method: 'tools/call', params: { name: 'read_data' } },
      { method: 'tools/call', tool: 'read_data' },
    ],
    [{ jsonrpc: '2.0', method: 'tools/call', params: { name: 5 } }, { method: 'tools/call' }],
    [{ jsonrpc: '2.0', method: 'prompts/get', params: { name: 'ask' } }, { method: 'prompts/get' }],
    [{ jsonrpc: '2.0', method: {} }, { method: 'none' }],
    [undefined, { method: 'none' }],
  ] as const)('of %j is %j', (message, target) => {
    expect(targetOf(message)).toEqual(target)
  })
})

describe('reasonOf', () => {
  it.each([
    [undefined, 'allowed'],
    [{ kind: 'no_token', scopes: [] }, 'no_token'],
    [{ kind: 'invalid_token', refusal: { reason: 'audience', audience: [] } }, 'audience'],
    [{ kind: 'dpop_proof', failure: { error: 'use_dpop_nonce', nonce: 'x' } }, 'use_dpop_nonce'],
    [{ kind: 'rate_limited', retryAfterSeconds: 1 }, 'rate_limited'],
  ] as const)('of %j is %s', (denial, reason) => {
    const decision = {
      messages: [],
      address: '',
      request: new Request('http://localhost'),
      ...(denial && { denial }),
    }
    expect(reasonOf(decision as Decision)).toBe(reason)
  })
})
