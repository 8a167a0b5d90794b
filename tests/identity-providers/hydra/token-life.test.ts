import { expect } from '@jest/globals'
import { post } from '../../support/sign-in.ts'
import { describeTokenLife } from '../token-life.ts'
import { createClient, harness, introspectionEndpoint, issuer } from './hydra.ts'

const tokenEndpoint = `${issuer}/oauth2/token`

async function revoke(token: string): Promise<void> {
  for (const client_id of ['test-client', 'test-client-jwt']) {
    await post(`${issuer}/oauth2/revoke`, { client_id, token })
  }
  expect((await post(introspectionEndpoint, { token })).body).toMatchObject({ active: false })
}

async function obtainIdToken(): Promise<string> {
  const { authorization } = createClient('alice', { clientId: 'openid-client' })
  const { refreshToken, clientId } = await authorization.signIn({ scopes: ['openid', 'read'] })
  const { body } = await post(tokenEndpoint, {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: String(refreshToken),
  })
  return String(body.id_token)
}

describeTokenLife({
  title: 'Ory Hydra',
  harness,
  tokenEndpoint,
  revoke,
  jwtClientId: 'test-client-jwt',
  obtainIdToken,
  endsWithGrant: true,
  signOut: 'revoked',
})
