import { describe, expect, it } from '@jest/globals'
import { challengeResponse, type Denial, toChallenge } from '../../../resource-server/auth/challenge.ts'

const resourceMetadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
const metadata = `resource_metadata="${resourceMetadataUrl}"`
const challenge = (denial: Denial) => toChallenge(denial, { scheme: 'Bearer', resourceMetadataUrl })

describe('toChallenge', () => {
  it('31: without a token is a 401 without an error code (RFC 6750 §3)', () => {
    expect(challenge({ kind: 'no_token', scopes: ['read', 'write'] })).toMatchObject({
      status: 401,
      wwwAuthenticate: `Bearer scope="read write", ${metadata}`,
    })
    expect(challenge({ kind: 'no_token', scopes: [] }).wwwAuthenticate).toBe(`Bearer ${metadata}`)
  })

  it('31: for malformed credentials is a 400 invalid_request', () => {
    const answer = challenge({ kind: 'malformed_credentials', detail: 'Use "Bearer" or \\ nothing.' })
    expect(answer).toMatchObject({
      status: 400,
      wwwAuthenticate: `Bearer error="invalid_request", error_description="Use 'Bearer' or / nothing.", ${metadata}`,
    })
  })

  it('31: for a bad token is a 401 invalid_token that keeps the reason to itself', () => {
    const reasons = [
      { reason: 'inactive' },
      { reason: 'audience', audience: ['https://canary.example'] },
      { reason: 'issuer', issuer: 'https://canary.example' },
      { reason: 'expired', exp: 1, now: 2 },
    ] as const
    const answers = reasons.map((refusal) => challenge({ kind: 'invalid_token', refusal }))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 401, error: 'invalid_token' })
    expect(answers[0]?.wwwAuthenticate).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+", resource_metadata=/,
    )
  })

  it('35: for a missing scope is a 403 that names what was granted and what is needed, each once', () => {
    const answer = challenge({
      kind: 'insufficient_scope',
      granted: ['read', 'write'],
      needed: ['write', 'admin'],
    })
    expect(answer.status).toBe(403)
    expect(answer.wwwAuthenticate).toContain('Bearer error="insufficient_scope", scope="read write admin", ')
    expect(answer.wwwAuthenticate).toContain(metadata)
    expect(answer.message).toContain('write admin')
  })

  it('35: for a missing scope names none to ask for where every sign-in asks for the same', () => {
    const denial: Denial = { kind: 'insufficient_scope', granted: ['read'], needed: ['write'] }
    const at = (scopeTemplate: string) =>
      toChallenge(denial, { scheme: 'Bearer', resourceMetadataUrl, scopeTemplate }).wwwAuthenticate
    expect(at('openid email')).toMatch(
      /^Bearer error="insufficient_scope", error_description="This needs the/,
    )
    expect(at('api://x/{scope}')).toContain('scope="api://x/read api://x/write"')
  })

  it.each<[Denial, number, string]>([
    [{ kind: 'unavailable', cause: new Error('canary') }, 503, '5'],
    [{ kind: 'too_many_streams' }, 429, '60'],
    [{ kind: 'rate_limited', retryAfterSeconds: 17 }, 429, '17'],
  ])('for %j says when to come back, and asks for no token', (denial, status, seconds) => {
    const answer = challenge(denial)
    expect(answer).toMatchObject({ status, headers: { 'retry-after': seconds } })
    expect(answer).not.toHaveProperty('wwwAuthenticate')
    expect(JSON.stringify(answer)).not.toContain('canary')
  })

  it('speaks DPoP to who does, with the algorithms (RFC 9449 §7.1)', () => {
    const answer = toChallenge({ kind: 'no_token', scopes: [] }, { scheme: 'DPoP', resourceMetadataUrl })
    expect(answer.wwwAuthenticate).toMatch(/^DPoP algs="ES256 [^"]+", resource_metadata="/)
  })

  it('23: hands out the nonce that a proof needs (RFC 9449 §9)', () => {
    const answer = challenge({ kind: 'dpop_proof', failure: { error: 'use_dpop_nonce', nonce: 'n-1' } })
    expect(answer).toMatchObject({ status: 401, error: 'use_dpop_nonce', headers: { 'dpop-nonce': 'n-1' } })
    expect(answer.wwwAuthenticate).toContain('error="use_dpop_nonce"')
  })
})

describe('challengeResponse', () => {
  it('is a JSON-RPC error for the request, with code and sentence, and is not cached', async () => {
    const response = challengeResponse(challenge({ kind: 'no_token', scopes: ['read'] }), 'seven')
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('www-authenticate')).toBe(`Bearer scope="read", ${metadata}`)
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: 'seven',
      error: {
        code: -32000,
        message: 'Sign in first: this needs an access token.',
        data: { error: 'unauthorized' },
      },
    })
  })

  it('carries Retry-After and no challenge when the issuer cannot be asked', () => {
    const { status, headers } = challengeResponse(challenge({ kind: 'unavailable', cause: undefined }), null)
    expect([status, headers.get('retry-after'), headers.get('www-authenticate')]).toEqual([503, '5', null])
  })
})
