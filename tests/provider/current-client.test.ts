import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import { allowInsecureRequests, clientCredentialsGrant, discovery, PrivateKeyJwt } from 'openid-client'
import { openStorage } from '../../provider/storage/open-storage.ts'
import type { Storage } from '../../provider/storage/storage.ts'
import '../support/same-realm-clone.ts'
import { writeClientsFile } from '../support/clients-file.ts'
import { authorizationRequest, Browser, basic, introspect, post, signIn } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

const { publicKey, privateKey } = await generateKeyPair('ES256')
const credentials = { id: 'portal', secret: 'a-secret-of-more-than-32-characters' }
const redirectUri = 'https://portal.example/callback'
const jwks = { keys: [await exportJWK(publicKey)] }

/** The operator's two clients, with these scopes. */
function clientsFile(scope: string | undefined): string {
  return writeClientsFile([
    {
      client_id: 'reports',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
      scope: scope ?? 'read write',
    },
    { client_id: credentials.id, client_secret: credentials.secret, redirect_uris: [redirectUri], scope },
  ])
}

let storage: Storage
let before: RunningProvider
const tokens: Record<string, unknown> = {}
beforeAll(async () => {
  storage = await openStorage('memory:')
  before = await startProvider({ storage, env: { CLIENTS: clientsFile('read write') } })
  const machine = await discovery(new URL(before.issuer), 'reports', undefined, PrivateKeyJwt(privateKey), {
    execute: [allowInsecureRequests],
  })
  tokens.machine = (await clientCredentialsGrant(machine)).access_token
  const request = authorizationRequest(before, {
    client_id: credentials.id,
    redirect_uri: redirectUri,
    scope: 'read write',
  })
  const code = (await signIn(new Browser(), request, 'alice')).searchParams.get('code') ?? ''
  const fields = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
  const exchange = { ...fields, code_verifier: request.codeVerifier }
  tokens.user = (await post(`${before.issuer}/token`, exchange, basic(credentials))).body.access_token
})
afterAll(async () => {
  await before.stop()
  await storage.close()
})

describe('a token of an operator’s client', () => {
  it.each(['machine', 'user'])('of a %s has the scopes that it was issued with', async (whose) => {
    expect((await introspect(before, tokens[whose])).body).toMatchObject({ scope: 'read write' })
  })

  it.each(['machine', 'user'])('of a %s loses the scope that is taken from its client', async (whose) => {
    const after = await startProvider({ storage, env: { CLIENTS: clientsFile('read') } })
    const { body } = await introspect(after, tokens[whose])
    await after.stop()
    expect(body).toMatchObject({ active: true, scope: 'read' })
  })

  it('has none when the client has none of them left, and gains none', async () => {
    const after = await startProvider({ storage, env: { CLIENTS: clientsFile('admin') } })
    const { body } = await introspect(after, tokens.machine)
    await after.stop()
    expect(body).toMatchObject({ active: true })
    expect(body).not.toHaveProperty('scope')
  })

  it('keeps what its user may, where the client has no list', async () => {
    const after = await startProvider({ storage, env: { CLIENTS: clientsFile(undefined) } })
    const { body } = await introspect(after, tokens.user)
    await after.stop()
    expect(body).toMatchObject({ scope: 'read write', username: 'alice' })
  })
})
