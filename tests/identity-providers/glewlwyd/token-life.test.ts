import { expect } from '@jest/globals'
import type { Config } from '../../../config/index.ts'
import { authorizationRequest, basic, post, redeem } from '../../support/sign-in.ts'
import { describeTokenLife } from '../token-life.ts'
import { harness, issuer, redirectOf, redirectPort, resource, secret } from './glewlwyd.ts'

async function revoke(token: string): Promise<void> {
  const { status } = await post(`${issuer}/revoke`, { token }, basic({ id: 'mcp-server', secret }))
  expect(status).toBe(200)
}

/** With a nonce, which Glewlwyd wants wherever there is an ID token, and our client never asks for one. */
async function obtainIdToken(): Promise<string> {
  const config = { client: { id: 'test-client' }, resource } as Config
  const redirectUri = `http://127.0.0.1:${redirectPort}/callback`
  const request = authorizationRequest(
    { issuer, config },
    { scope: 'openid read', nonce: 'a-nonce', redirect_uri: redirectUri },
  )
  const url = new URL(`${issuer}/auth${new URL(request.url).search}`)
  return String((await redeem({ issuer, config }, request, await redirectOf(url, 'alice'))).body.id_token)
}

describeTokenLife({
  title: 'Glewlwyd',
  harness,
  tokenEndpoint: `${issuer}/token`,
  revoke,
  obtainIdToken,
  endsWithGrant: false,
  signOut: 'forgotten',
})
