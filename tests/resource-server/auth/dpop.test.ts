import { beforeEach, describe, expect, it } from '@jest/globals'
import { calculateJwkThumbprint, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import {
  createProofVerifier,
  type ProofFailure,
  type ReplayStore,
} from '../../../resource-server/auth/dpop.ts'
import { createDpopNonces } from '../../../resource-server/auth/dpop-nonces.ts'
import { createMemoryReplayStore } from '../../../resource-server/auth/memory-replay-store.ts'
import { createProofKey, tokenHash } from '../../support/dpop-proof.ts'

const resource = 'https://mcp.example/mcp'
const token = 'an-access-token'
const key = await createProofKey()
const otherKey = await createProofKey()

let time: number
const now = () => time
const seconds = () => Math.floor(time / 1000)
beforeEach(() => {
  time = Date.parse('2026-01-01T00:00:00Z')
})

const nonces = createDpopNonces('a key that all replicas of this server share', now)
const createVerifier = (options: { replayStore?: ReplayStore; nonces?: typeof nonces } = {}) =>
  createProofVerifier({ resource, replayStore: createMemoryReplayStore({ now }), now, ...options })

/** What is wrong with a proof, sent with the token and for the key that it is bound to. */
async function failureOf(
  proof: string | null,
  { verify = createVerifier(), keyThumbprint = key.thumbprint } = {},
): Promise<ProofFailure | undefined> {
  return verify({ proof, method: 'POST', token, keyThumbprint })
}

const prove = (claims: JWTPayload = {}, header: Partial<JWTHeaderParameters> = {}) =>
  key.prove({ url: resource, token, now: time }, claims, header)

/** The proof is refused, for a reason that has these words. */
async function expectRefused(proof: string | null, words: string): Promise<void> {
  expect(await failureOf(proof)).toEqual({
    error: 'invalid_dpop_proof',
    detail: expect.stringContaining(words),
  })
}
const notAProof = 'not a JWT of type dpop+jwt'

describe('a good proof', () => {
  it.each(['ES256', 'EdDSA', 'RS256'] as const)('23: signed with %s is accepted', async (alg) => {
    const own = await createProofKey(alg)
    const proof = await own.prove({ url: resource, token, now: time })
    expect(await failureOf(proof, { keyThumbprint: own.thumbprint })).toBeUndefined()
  })

  it.each([
    'https://mcp.example/mcp?x=1',
    'https://mcp.example/mcp#fragment',
    'https://MCP.example/mcp',
    'HTTPS://mcp.example:443/mcp',
    'https://mcp.example/mcp/',
  ])('23: may name its target as %s (RFC 9449 §4.3)', async (htu) => {
    expect(await failureOf(await prove({ htu }))).toBeUndefined()
  })

  it('23: may be 60 seconds old, and 15 ahead', async () => {
    expect(await failureOf(await prove({ iat: seconds() - 60 }))).toBeUndefined()
    expect(await failureOf(await prove({ iat: seconds() + 15 }))).toBeUndefined()
  })
})

describe('23: a proof is refused (RFC 9449 §4.3)', () => {
  it('when there is none', () => expectRefused(null, 'no DPoP header'))

  it('when there are two', async () => {
    await expectRefused(`${await prove()}, ${await prove()}`, notAProof)
    await expectRefused(`${await prove()}, `, notAProof)
  })

  it.each(['', 'x', 'a.b.c', 'null', `${'a'.repeat(20_000)}.b.c`])('when it is no JWT: %.20s', (proof) =>
    expectRefused(proof, notAProof),
  )

  it.each(['htm', 'htu', 'iat', 'jti', 'ath'])('when it has no %s', async (claim) => {
    await expectRefused(await prove({ [claim]: undefined }), notAProof)
  })

  it.each(['JWT', 'at+jwt', 'dpop', undefined])('when its typ is %s', async (typ) => {
    await expectRefused(await prove({}, { typ } as Partial<JWTHeaderParameters>), notAProof)
  })

  it('when its algorithm is none', async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { jti: 'j', htm: 'POST', htu: resource, iat: seconds(), ath: tokenHash(token) }
    const header = { typ: 'dpop+jwt', alg: 'none', jwk: key.publicJwk }
    await expectRefused(`${part(header)}.${part(claims)}.`, notAProof)
  })

  it('when its algorithm is symmetric', async () => {
    const claims = { jti: 'j', htm: 'POST', htu: resource, iat: seconds(), ath: tokenHash(token) }
    for (const jwk of [key.publicJwk, { kty: 'oct', k: 'c2VjcmV0' }]) {
      const proof = await new SignJWT(claims)
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk })
        .sign(new TextEncoder().encode('secret'.repeat(8)))
      expect(await failureOf(proof, { keyThumbprint: await calculateJwkThumbprint(jwk) })).toMatchObject({
        detail: expect.stringContaining(notAProof),
      })
    }
  })

  it('when it carries no key', async () => {
    await expectRefused(await prove({}, { jwk: undefined } as unknown as JWTHeaderParameters), notAProof)
  })

  it('when it carries a private key', async () => {
    await expectRefused(await prove({}, { jwk: key.privateJwk }), notAProof)
  })

  it('when it is signed by another key than it carries', async () => {
    const proof = await prove({}, { jwk: otherKey.publicJwk })
    expect(await failureOf(proof, { keyThumbprint: otherKey.thumbprint })).toMatchObject({
      detail: expect.stringContaining(notAProof),
    })
  })

  it('when it is signed by another key than the token is bound to', async () => {
    await expectRefused(await otherKey.prove({ url: resource, token, now: time }), 'another key')
  })

  it('and then before its signature is looked at, which costs more', async () => {
    const proof = await otherKey.prove({ url: resource, token, now: time })
    await expectRefused(proof.replace(/[^.]+$/, 'no-signature'), 'another key')
  })

  it.each([
    ['is longer than 4096 bits', { n: 'A'.repeat(684), e: 'AQAB' }],
    ['has an exponent of its own', { n: 'A'.repeat(342), e: 'A'.repeat(507) }],
  ])('when its RSA key %s: each verification would keep others waiting', async (_, part) => {
    const jwk = { kty: 'RSA', ...part }
    const proof = await prove({}, { jwk })
    expect(await failureOf(proof, { keyThumbprint: await calculateJwkThumbprint(jwk) })).toMatchObject({
      detail: expect.stringContaining('RSA key'),
    })
  })

  it.each(['GET', 'post', 'POST ', ''])('when it is for the method "%s"', async (htm) => {
    await expectRefused(await prove({ htm }), 'htm')
  })

  it.each([
    'http://mcp.example/mcp',
    'https://mcp.example:8443/mcp',
    'https://evil.example/mcp',
    'https://mcp.example/mcp2',
    'https://mcp.example/MCP',
    'https://mcp.example/',
    'https://mcp.example/mcp/x',
    'https://mcp.example.evil.example/mcp',
    '/mcp',
    'mcp.example/mcp',
    '',
    'blob:https://mcp.example/mcp',
  ])('when it is for the URL "%s"', async (htu) => {
    await expectRefused(await prove({ htu }), 'htu')
  })

  it('when it is too old or of the future', async () => {
    await expectRefused(await prove({ iat: seconds() - 61 }), 'iat')
    await expectRefused(await prove({ iat: seconds() + 16 }), 'iat')
    await expectRefused(await prove({ iat: '1767225600' } as unknown as JWTPayload), notAProof)
  })

  it('when it has expired by its own word', async () => {
    await expectRefused(await prove({ exp: seconds() - 15 }), notAProof)
  })

  it.each([
    ['another token', tokenHash('another-token')],
    ['the token, in hexadecimal', Buffer.from(tokenHash(token), 'base64url').toString('hex')],
    ['the token itself', token],
    ['nothing', ''],
  ])('when its ath is the hash of %s', async (_, ath) => {
    await expectRefused(await prove({ ath }), 'ath')
  })

  it('48: when its jti is 10 kB long, or no text', async () => {
    await expectRefused(await prove({ jti: 'j'.repeat(10_000) }), 'jti')
    await expectRefused(await prove({ jti: 5 } as unknown as JWTPayload), 'jti')
  })
})

describe('23: a proof works once', () => {
  it('and not again while it could still be accepted', async () => {
    const verify = createVerifier()
    const proof = await prove({ iat: seconds() + 15 })
    expect(await failureOf(proof, { verify })).toBeUndefined()
    for (const later of [0, 30_000, 44_999, 1]) {
      time += later
      expect([time, await failureOf(proof, { verify })]).toEqual([
        time,
        { error: 'invalid_dpop_proof', detail: 'it was used before' },
      ])
    }
    time += 1000
    expect(await failureOf(proof, { verify })).toMatchObject({ detail: expect.stringContaining('iat') })
  })

  it('with another signature over the same jti neither', async () => {
    const verify = createVerifier()
    expect(await failureOf(await prove({ jti: 'same' }), { verify })).toBeUndefined()
    expect(await failureOf(await prove({ jti: 'same' }), { verify })).toMatchObject({
      error: 'invalid_dpop_proof',
    })
  })

  it('but the same jti of another key is another proof', async () => {
    const verify = createVerifier()
    const target = { url: resource, token, now: time }
    expect(await failureOf(await prove({ jti: 'same' }), { verify })).toBeUndefined()
    const other = await otherKey.prove(target, { jti: 'same' })
    expect(await failureOf(other, { verify, keyThumbprint: otherKey.thumbprint })).toBeUndefined()
  })

  it('and a refused one uses nothing up', async () => {
    const verify = createVerifier()
    await failureOf(await prove({ jti: 'same', htm: 'GET' }), { verify })
    expect(await failureOf(await prove({ jti: 'same' }), { verify })).toBeUndefined()
  })

  it('and never when the store cannot be asked', async () => {
    const replayStore = { add: () => Promise.reject(new Error('connect ECONNREFUSED')) }
    await expect(failureOf(await prove(), { verify: createVerifier({ replayStore }) })).rejects.toThrow(
      'ECONN',
    )
  })

  it('51: and the store sees neither the token nor the proof', async () => {
    const seen: string[] = []
    const replayStore = { add: async (added: string) => seen.push(added) > 0 }
    const proof = await prove({ jti: 'canary' })
    await failureOf(proof, { verify: createVerifier({ replayStore }) })
    expect(seen).toHaveLength(1)
    for (const secret of [token, 'canary', proof]) expect(seen[0]).not.toContain(secret)
  })
})

describe('23: where nonces are used (RFC 9449 §9)', () => {
  const verify = createVerifier({ nonces })

  it('a proof without one is told which to use, and then accepted', async () => {
    const failure = await failureOf(await prove(), { verify })
    expect(failure).toEqual({ error: 'use_dpop_nonce', nonce: nonces.current() })
    const { nonce } = failure as { nonce: string }
    expect(await failureOf(await prove({ nonce }), { verify })).toBeUndefined()
    time += 120_000
    expect(await failureOf(await prove({ nonce }), { verify })).toBeUndefined()
    time += 120_000
    expect(await failureOf(await prove({ nonce }), { verify })).toMatchObject({ error: 'use_dpop_nonce' })
  })

  it("a proof with another server's nonce is told which to use", async () => {
    const nonce = createDpopNonces('another key, just as long as that one', now).current()
    expect(await failureOf(await prove({ nonce }), { verify })).toMatchObject({ error: 'use_dpop_nonce' })
  })

  it('a proof that lacks its nonce is not used up', async () => {
    await failureOf(await prove({ jti: 'same' }), { verify })
    expect(await failureOf(await prove({ jti: 'same', nonce: nonces.current() }), { verify })).toBeUndefined()
  })
})
