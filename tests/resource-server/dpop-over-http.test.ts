import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { JWTPayload } from 'jose'
import { createProofKey } from '../support/dpop-proof.ts'
import { openServer } from '../support/http-server.ts'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { callTool, contentOf, postMcp } from '../support/mcp-request.ts'
import { rawRequest } from '../support/raw-request.ts'
import { describeWithStores } from '../support/real-stores.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

let time = Date.now()
const now = () => time
const issuer = await startIssuer({ now })
const start = (env: Readonly<Record<string, string>> = {}) =>
  startResourceServer({ issuer: issuer.issuer, env, now })
const server = await start()
const strict = await start({ DPOP: 'required' })
const withNonces = await start({ DPOP_NONCE_KEY: 'a key that all replicas of this server share' })
const key = await createProofKey()
afterAll(async () => {
  for (const one of [server, strict, withNonces]) await one.stop()
  await issuer.stop()
})
beforeEach(() => {
  time = Date.now()
})

const bound = (resource: string, answer: object = {}) =>
  issuer.issue(resource, { cnf: { jkt: key.thumbprint }, token_type: 'DPoP', ...answer })
const profile = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_user_profile' } }
const write = { ...profile, params: { name: 'write_data', arguments: { resource_id: 'a', content: 'b' } } }

/** Calls with a token and a proof for it. */
async function send(
  url: string,
  {
    token = bound(url),
    body = profile,
    claims = {},
  }: { token?: string; body?: object; claims?: JWTPayload } = {},
) {
  const dpop = await key.prove({ url, token, now: time }, claims)
  return postMcp(url, body, { authorization: `DPoP ${token}`, dpop })
}
const challengeOf = ({ headers }: { headers: Headers }) => headers.get('www-authenticate') ?? ''

describe('a token that is bound to a key', () => {
  it('23: opens what its scopes open, with a proof', async () => {
    expect(contentOf(await send(server.resource))).toMatchObject({ sub: 'alice' })
  })

  it('23: is refused as Bearer, with a proof and without, for public tools as well', async () => {
    const token = bound(server.resource)
    const dpop = await key.prove({ url: server.resource, token })
    for (const headers of [{}, { dpop }]) {
      const answer = await postMcp(server.resource, profile, { authorization: `Bearer ${token}`, ...headers })
      expect(answer.status).toBe(401)
      expect(challengeOf(answer)).toContain('error="invalid_token"')
    }
    expect((await callTool(server.resource, 'public_info', {}, { token })).status).toBe(401)
  })

  it('23: is refused without a proof, in the DPoP scheme and with its algorithms', async () => {
    const authorization = `DPoP ${bound(server.resource)}`
    const answer = await postMcp(server.resource, profile, { authorization })
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).toMatch(
      /^DPoP error="invalid_dpop_proof", .*algs="ES256 [^"]*", resource_metadata="/,
    )
  })

  it('23: is refused with two proofs', async () => {
    const token = bound(server.resource)
    const target = { url: server.resource, token }
    const { status } = await rawRequest(server.resource, {
      headers: [
        ...['Content-Type', 'application/json', 'Authorization', `DPoP ${token}`],
        ...['DPoP', await key.prove(target), 'DPoP', await key.prove(target)],
      ],
      body: JSON.stringify(profile),
    })
    expect(status).toBe(401)
  })

  it('23: is refused with the proof of another server', async () => {
    const answer = await send(server.resource, { claims: { htu: strict.resource } })
    expect([answer.status, challengeOf(answer).includes('invalid_dpop_proof')]).toEqual([401, true])
  })

  it('35: without the scope is a 403 in the DPoP scheme', async () => {
    const answer = await send(server.resource, { body: write })
    expect(answer.status).toBe(403)
    expect(challengeOf(answer)).toMatch(/^DPoP error="insufficient_scope", scope="read write", /)
  })

  it('23: is refused when its proof comes again', async () => {
    const token = bound(server.resource)
    const claims = { jti: 'once' }
    expect((await send(server.resource, { token, claims })).status).toBe(200)
    expect((await send(server.resource, { token, claims })).status).toBe(401)
  })
})

describe('a token that is not bound', () => {
  it('23: is refused as DPoP, with a good proof too', async () => {
    const answer = await send(server.resource, { token: issuer.issue(server.resource) })
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).toMatch(/^DPoP error="invalid_token"/)
  })

  it('23: is refused where a key is required', async () => {
    const answer = await callTool(
      strict.resource,
      'get_user_profile',
      {},
      { token: issuer.issue(strict.resource) },
    )
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)).toMatch(/^DPoP error="invalid_token"/)
    expect((await send(strict.resource)).status).toBe(200)
  })
})

it('31: where a key is required, the challenge and the metadata say so', async () => {
  const answer = await callTool(strict.resource, 'read_data', { resource_id: 'doc1' })
  expect(answer.status).toBe(401)
  expect(challengeOf(answer)).toMatch(/^DPoP scope="read", algs="/)
  for (const [{ origin }, required] of [
    [server, false],
    [strict, true],
  ] as const) {
    const metadata = await (await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(metadata).toMatchObject({
      dpop_bound_access_tokens_required: required,
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256', 'EdDSA']),
    })
  }
})

it('23: where nonces are used, the first answer brings one, and the second request is let in', async () => {
  const first = await send(withNonces.resource)
  const nonce = first.headers.get('dpop-nonce')
  expect(first.status).toBe(401)
  expect(challengeOf(first)).toContain('error="use_dpop_nonce"')
  expect((await send(withNonces.resource, { claims: { nonce } })).status).toBe(200)
  time += 240_000
  expect((await send(withNonces.resource, { claims: { nonce } })).status).toBe(401)
})

describeWithStores('two replicas that share used proofs', ({ url }) => {
  it('23: of 100 parallel uses of one proof exactly one is let in', async () => {
    const at = await openServer()
    const env = { REPLAY_STORE: url, RATE_LIMIT: '1000000' }
    const one = await startResourceServer({ issuer: issuer.issuer, at, env, now })
    const two = await startResourceServer({
      issuer: issuer.issuer,
      env: { ...env, RESOURCE: one.resource },
      now,
    })
    const token = bound(one.resource)
    const dpop = await key.prove({ url: one.resource, token, now: time })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        postMcp(`${index % 2 ? one.origin : two.origin}/mcp`, profile, {
          authorization: `DPoP ${token}`,
          dpop,
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array(99).fill(401)])
    await one.stop()
    await two.stop()
  })
})
