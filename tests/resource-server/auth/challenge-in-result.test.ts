import { describe, expect, it } from '@jest/globals'
import { type Denial, toChallenge } from '../../../resource-server/auth/challenge.ts'
import { asToolResult } from '../../../resource-server/auth/challenge-in-result.ts'

const resourceMetadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'read_data' } } as const
const challengeFor = (denial: Denial) => toChallenge(denial, { scheme: 'Bearer', resourceMetadataUrl })
const noToken = challengeFor({ kind: 'no_token', scopes: ['read'] })

describe('asToolResult', () => {
  it.each<Denial>([
    { kind: 'no_token', scopes: ['read'] },
    { kind: 'invalid_token', refusal: { reason: 'inactive' } },
    { kind: 'insufficient_scope', needed: ['admin'], granted: ['read'] },
    { kind: 'malformed_credentials', detail: 'No.' },
  ])('31: puts the very challenge into the result of the call: $kind', async (denial) => {
    const challenge = challengeFor(denial)
    const response = asToolResult(challenge, call)
    expect(response?.status).toBe(200)
    expect(response?.headers.get('cache-control')).toBe('no-store')
    expect(await response?.json()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      result: {
        content: [{ type: 'text', text: challenge.message }],
        isError: true,
        _meta: { 'mcp/www_authenticate': [challenge.wwwAuthenticate] },
      },
    })
  })

  it('23: still hands out the nonce that a proof needs', () => {
    const challenge = challengeFor({ kind: 'dpop_proof', failure: { error: 'use_dpop_nonce', nonce: 'n' } })
    expect(asToolResult(challenge, call)?.headers.get('dpop-nonce')).toBe('n')
  })

  it.each(['tools/list', 'resources/read', 'initialize', 'TOOLS/CALL', undefined, 7])(
    'leaves %s to HTTP',
    (method) => {
      expect(asToolResult(noToken, { ...call, method })).toBeUndefined()
    },
  )

  it.each<Denial>([
    { kind: 'unavailable', cause: undefined },
    { kind: 'rate_limited', retryAfterSeconds: 1 },
    { kind: 'too_many_streams' },
  ])('leaves $kind to HTTP: a token would change nothing', (denial) => {
    expect(asToolResult(challengeFor(denial), call)).toBeUndefined()
  })
})
