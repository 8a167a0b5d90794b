import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { importJWK } from 'jose'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  type Configuration,
  type DPoPHandle,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  None,
  refreshTokenGrant,
  type TokenEndpointResponse,
} from 'openid-client'
import { createProofKey, type ProofKey } from '../support/dpop-proof.ts'
import { callTool, type McpAnswer, postMcp } from '../support/mcp-request.ts'
import { authorizationRequest, Browser, introspect, refresh, signIn } from '../support/sign-in.ts'
import { startServers } from '../support/start-servers.ts'

const servers = await startServers()
afterAll(() => servers.stop())
const { provider, resource } = servers

const toolCall = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'get_user_profile', arguments: {} },
}

/** The MCP server's answer to a token sent in the DPoP scheme (RFC 9449 §7.1). */
function callWith(token: string, proof: string | undefined): Promise<McpAnswer> {
  return postMcp(resource, toolCall, {
    authorization: `DPoP ${token}`,
    ...(proof !== undefined && { dpop: proof }),
  })
}

async function handleFor(configuration: Configuration, key: ProofKey): Promise<DPoPHandle> {
  const [privateKey, publicKey] = await Promise.all([
    importJWK(key.privateJwk, 'ES256'),
    importJWK(key.publicJwk, 'ES256', { extractable: true }),
  ])
  if (!(privateKey instanceof CryptoKey && publicKey instanceof CryptoKey))
    throw new TypeError('A JWK of another kind.')
  return getDPoPHandle(configuration, { privateKey, publicKey })
}

let configuration: Configuration
let key: ProofKey
let handle: DPoPHandle
let tokens: TokenEndpointResponse
beforeAll(async () => {
  configuration = await discovery(new URL(servers.issuer), 'test-client', undefined, None(), {
    execute: [allowInsecureRequests],
  })
  key = await createProofKey()
  handle = await handleFor(configuration, key)
  const request = authorizationRequest(provider, { scope: 'read offline_access', prompt: 'consent' })
  const redirect = await signIn(new Browser(), request, 'bob')
  tokens = await authorizationCodeGrant(
    configuration,
    redirect,
    { pkceCodeVerifier: request.codeVerifier, expectedState: 'a-state' },
    { resource },
    { DPoP: handle },
  )
})

describe('a token that is bound to a key (RFC 9449)', () => {
  it('is issued by the provider, which both servers advertise and introspection shows', async () => {
    expect(tokens.token_type).toBe('dpop')
    const { body } = await introspect(provider, tokens.access_token)
    expect(body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } })
    expect(configuration.serverMetadata().dpop_signing_alg_values_supported).toContain('ES256')
    const metadata = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', resource))
    expect(await metadata.json()).toMatchObject({
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    })
  })

  it('opens the tools for openid-client, which makes the proofs', async () => {
    for (let times = 0; times < 2; times++) {
      const response = await fetchProtectedResource(
        configuration,
        tokens.access_token,
        new URL(resource),
        'POST',
        JSON.stringify(toolCall),
        new Headers({
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        }),
        { DPoP: handle },
      )
      expect(response.status).toBe(200)
      expect(await response.text()).toContain('bob')
    }
  })

  it('23: is refused as a bearer token', async () => {
    const { status, headers } = await callTool(
      resource,
      'get_user_profile',
      {},
      { token: tokens.access_token },
    )
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  it('23: is refused without a proof, with that of another key, for another token, method or address', async () => {
    const token = tokens.access_token
    const other = await createProofKey()
    const proofs = [
      undefined,
      await other.prove({ url: resource, token }),
      await key.prove({ url: resource, token: 'another' }),
      await key.prove({ url: resource, token }, { htm: 'GET' }),
      await key.prove({ url: `${resource}/other`, token }),
      await key.prove({ url: resource, token, now: Date.now() - 120_000 }),
    ]
    for (const proof of proofs) {
      const { status, headers } = await callWith(token, proof)
      expect([proofs.indexOf(proof), status]).toEqual([proofs.indexOf(proof), 401])
      expect(headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_dpop_proof"/)
    }
    expect((await callWith(token, await key.prove({ url: resource, token }))).status).toBe(200)
  })

  it('23: is let in once per proof, also when twenty requests bring the same proof at once', async () => {
    const token = tokens.access_token
    const proof = await key.prove({ url: resource, token })
    const answers = await Promise.all(Array.from({ length: 20 }, () => callWith(token, proof)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(19)
  })

  it('23: is renewed with its key only, and then bound to that key again', async () => {
    const token = tokens.refresh_token
    expect((await refresh(provider, token)).body).toMatchObject({ error: 'invalid_grant' })
    const renewed = await refreshTokenGrant(configuration, token ?? '', { resource }, { DPoP: handle })
    const { body } = await introspect(provider, renewed.access_token)
    expect(body.cnf).toEqual({ jkt: key.thumbprint })
    const proof = await key.prove({ url: resource, token: renewed.access_token })
    expect((await callWith(renewed.access_token, proof)).status).toBe(200)
  })
})

describe('a bearer token', () => {
  it('23: is refused in the DPoP scheme', async () => {
    const request = authorizationRequest(provider)
    const redirect = await signIn(new Browser(), request, 'bob')
    const bearer = await authorizationCodeGrant(configuration, redirect, {
      pkceCodeVerifier: request.codeVerifier,
      expectedState: 'a-state',
    })
    const token = bearer.access_token
    expect((await callTool(resource, 'get_user_profile', {}, { token })).status).toBe(200)
    expect((await callWith(token, await key.prove({ url: resource, token }))).status).toBe(401)
  })
})

describe('the token endpoint', () => {
  it('23: takes a proof once', async () => {
    const url = `${servers.issuer}/token`
    const proof = await key.prove({ url, token: '' }, { ath: undefined })
    const redeemWith = async () => {
      const request = authorizationRequest(provider)
      const redirect = await signIn(new Browser(), request, 'bob')
      const response = await fetch(url, {
        method: 'POST',
        headers: { dpop: proof },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          client_id: request.clientId,
          code: redirect.searchParams.get('code') ?? '',
          redirect_uri: request.redirectUri,
          code_verifier: request.codeVerifier,
        }),
      })
      return { status: response.status, body: await response.json() }
    }
    expect(await redeemWith()).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    // oidc-provider's word for it.
    expect(await redeemWith()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  })
})
