import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createProofKey, type ProofKey } from '../support/dpop-proof.ts'
import {
  type AuthorizationRequest,
  authorizationRequest,
  Browser,
  introspect,
  post,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
let key: ProofKey
beforeAll(async () => {
  running = await startProvider()
  key = await createProofKey()
})
afterAll(() => running.stop())

const lasting = { scope: 'read offline_access', prompt: 'consent' }
const proofBy = (by: ProofKey, claims = {}, header = {}) =>
  by.prove({ url: `${running.issuer}/token`, token: '' }, { ath: undefined, ...claims }, header)

async function code(params = {}) {
  const request = authorizationRequest(running, { ...lasting, ...params })
  return { request, code: (await signIn(new Browser(), request, 'alice')).searchParams.get('code') ?? '' }
}

const redeem = (one: { request: AuthorizationRequest; code: string }, proof?: string) =>
  post(
    `${running.issuer}/token`,
    {
      grant_type: 'authorization_code',
      client_id: one.request.clientId,
      code: one.code,
      redirect_uri: one.request.redirectUri,
      code_verifier: one.request.codeVerifier,
    },
    proof === undefined ? {} : { dpop: proof },
  )

// RFC 9449.
describe('a proof at the token endpoint (attack 23)', () => {
  it('binds the tokens to its key, and works once, whatever it comes with', async () => {
    const proof = await proofBy(key)
    const { status, body } = await redeem(await code(), proof)
    expect({ status, type: body.token_type }).toEqual({ status: 200, type: 'DPoP' })
    expect((await introspect(running, body.access_token)).body).toMatchObject({
      active: true,
      cnf: { jkt: key.thumbprint },
    })
    const another = await code()
    const replayed = await redeem(another, proof)
    expect(replayed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(replayed.body).not.toHaveProperty('access_token')
  })

  it.each<[string, object, object?]>([
    ['another address', { htu: 'https://evil.example/token' }],
    ['another method', { htm: 'GET' }],
    ['another type of JWT', {}, { typ: 'JWT' }],
    ['no identifier', { jti: undefined }],
    ['no time', { iat: undefined }],
    // A fault too: clock off. oidc-provider takes five minutes for recent.
    ['a time ten minutes ago', { iat: Math.floor(Date.now() / 1000) - 600 }],
    ['a time in ten minutes', { iat: Math.floor(Date.now() / 1000) + 600 }],
  ])('made for %s is refused, and the code can still be used', async (_what, claims, header = {}) => {
    const one = await code()
    const refused = await redeem(one, await proofBy(key, claims, header))
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    expect((await redeem(one, await proofBy(key))).status).toBe(200)
  })

  describe('of another key', () => {
    let thief: ProofKey
    beforeEach(async () => {
      thief = await createProofKey()
    })

    it('does not redeem a code that was asked for with one (dpop_jkt)', async () => {
      for (const proof of [undefined, await proofBy(thief)]) {
        const refused = await redeem(await code({ dpop_jkt: key.thumbprint }), proof)
        expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
        expect(refused.body).not.toHaveProperty('access_token')
      }
      const own = await redeem(await code({ dpop_jkt: key.thumbprint }), await proofBy(key))
      expect(own.status).toBe(200)
    })

    it('does not use the successor of an unbound refresh token that was refreshed with a proof (RFC 9449 §5) [A23]', async () => {
      const { body } = await redeem(await code())
      const refresh = (token: unknown, headers: Record<string, string>) => {
        const fields = { grant_type: 'refresh_token', client_id: running.config.client.id }
        return post(`${running.issuer}/token`, { ...fields, refresh_token: String(token) }, headers)
      }
      const bound = await refresh(body.refresh_token, { dpop: await proofBy(key) })
      expect(bound).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
      const successor = bound.body.refresh_token
      expect((await refresh(successor, {})).body).toMatchObject({ error: 'invalid_grant' })
      expect((await refresh(successor, { dpop: await proofBy(thief) })).body).toMatchObject({
        error: 'invalid_grant',
      })
      expect((await refresh(successor, { dpop: await proofBy(key) })).status).toBe(200)
    })

    it('does not refresh, and uses nothing up', async () => {
      const { body } = await redeem(await code(), await proofBy(key))
      const fields = {
        grant_type: 'refresh_token',
        client_id: running.config.client.id,
        refresh_token: String(body.refresh_token),
      }
      const refresh = (headers: Record<string, string>) => post(`${running.issuer}/token`, fields, headers)
      expect((await refresh({})).status).toBe(400)
      expect((await refresh({ dpop: await proofBy(thief) })).status).toBe(400)
      expect((await refresh({ dpop: await proofBy(key) })).status).toBe(200)
    })
  })
})
