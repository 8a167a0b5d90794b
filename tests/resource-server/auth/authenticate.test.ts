import { describe, expect, it } from '@jest/globals'
import { createAuthInfo } from '../../../resource-server/auth/auth-info.ts'
import { createAuthenticator } from '../../../resource-server/auth/authenticate.ts'
import { AuthorityUnavailable, type Verdict } from '../../../resource-server/auth/verdict.ts'

const person = { issuer: 'https://issuer.example', subject: 'alice', username: undefined }

function authInfo(token: string, keyThumbprint?: string) {
  const grant = { clientId: 'test-client', scopes: ['read'], expiresAt: 2_000_000_000, keyThumbprint }
  return createAuthInfo(token, { ...person, ...grant }, 'https://mcp.example/mcp')
}

const known: Record<string, () => Verdict> = {
  good: () => ({ authInfo: authInfo('good') }),
  bound: () => ({ authInfo: authInfo('bound', 'thumbprint') }),
  bad: () => ({ refusal: { reason: 'inactive' } }),
  outage: () => {
    throw new AuthorityUnavailable('down')
  },
  bug: () => {
    throw new TypeError('a mistake in a verifier')
  },
}

/** An authenticator over those tokens, and what it asked the verifier. */
function setUp(options: { dpopRequired?: boolean } = {}) {
  const asked: string[] = []
  const authenticate = createAuthenticator({
    ...options,
    verifier: {
      async verify(token) {
        asked.push(token)
        return known[token]?.() ?? { refusal: { reason: 'inactive' } }
      },
    },
    verifyProof: async ({ proof }) =>
      proof === 'good proof' ? undefined : { error: 'invalid_dpop_proof', detail: 'bad' },
  })
  const send = (headers: Record<string, string>) =>
    authenticate(new Request('https://mcp.example/mcp', { headers }))
  return { asked, send }
}

describe('createAuthenticator', () => {
  it('asks nothing about a request without credentials', async () => {
    const { asked, send } = setUp()
    expect(await send({})).toEqual({ scheme: 'Bearer' })
    expect(asked).toEqual([])
  })

  it('31: asks nothing about malformed credentials', async () => {
    const { asked, send } = setUp()
    const { denial } = await send({ authorization: 'Bearer good extra' })
    expect(denial?.kind).toBe('malformed_credentials')
    expect(asked).toEqual([])
  })

  it('finds out who sends a good token', async () => {
    const { authInfo: found, denial } = await setUp().send({ authorization: 'Bearer good' })
    expect([found?.clientId, denial]).toEqual(['test-client', undefined])
  })

  it('31: refuses a bad token with its reason', async () => {
    expect(await setUp().send({ authorization: 'Bearer bad' })).toEqual({
      scheme: 'Bearer',
      denial: { kind: 'invalid_token', refusal: { reason: 'inactive' } },
    })
  })

  it('lets nobody in when the issuer cannot be asked', async () => {
    const { authInfo: found, denial } = await setUp().send({ authorization: 'Bearer outage' })
    expect([found, denial?.kind]).toEqual([undefined, 'unavailable'])
  })

  it('lets nobody in when the verifier is broken', async () => {
    await expect(setUp().send({ authorization: 'Bearer bug' })).rejects.toThrow(TypeError)
  })

  it.each([
    ['a bound token as Bearer', { authorization: 'Bearer bound' }],
    ['a bound token as Bearer with its proof', { authorization: 'Bearer bound', dpop: 'good proof' }],
    ['an unbound token as DPoP', { authorization: 'DPoP good', dpop: 'good proof' }],
    ['a bound token without a proof', { authorization: 'DPoP bound' }],
    ['a bound token with a bad proof', { authorization: 'DPoP bound', dpop: 'bad proof' }],
  ])('23: refuses %s', async (_, headers) => {
    const { authInfo: found, denial } = await setUp().send(headers)
    expect(found).toBeUndefined()
    expect(['invalid_token', 'dpop_proof']).toContain(denial?.kind)
  })

  it('23: accepts a bound token with its proof', async () => {
    const { scheme, authInfo: found } = await setUp().send({
      authorization: 'DPoP bound',
      dpop: 'good proof',
    })
    expect([scheme, found?.clientId]).toEqual(['DPoP', 'test-client'])
  })

  it('23: refuses unbound tokens where a key is required, and answers in that scheme', async () => {
    const { send } = setUp({ dpopRequired: true })
    expect((await send({})).scheme).toBe('DPoP')
    const { scheme, denial } = await send({ authorization: 'Bearer good' })
    expect([scheme, denial?.kind]).toEqual(['DPoP', 'invalid_token'])
  })
})
