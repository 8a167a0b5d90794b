import { expect } from '@jest/globals'
import { post } from '../../support/sign-in.ts'
import { describeTokenLife } from '../token-life.ts'
import { harness, issuer } from './keycloak.ts'

async function revoke(token: string): Promise<void> {
  const { status } = await post(`${issuer}/protocol/openid-connect/revoke`, {
    client_id: 'test-client',
    token,
  })
  expect(status).toBe(200)
}

describeTokenLife({
  title: 'Keycloak',
  harness,
  tokenEndpoint: `${issuer}/protocol/openid-connect/token`,
  revoke,
  endsWithGrant: true,
  signOut: 'revoked',
})
