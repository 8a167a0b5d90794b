import { describe, expect, it } from '@jest/globals'
import { UnsecuredJWT } from 'jose'
import { loadConfig } from '../../../config/index.ts'
import { fetchIssuerMetadata } from '../../../resource-server/auth/issuer-metadata.ts'
import { AuthorityUnavailable, CredentialsRefused } from '../../../resource-server/auth/verdict.ts'
import { createRemedies } from '../../../resource-server/observability/remedy.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'

const issuer = 'https://id.example.com/realms/staff'
const resource = 'https://mcp.example.com/mcp'
const settings = { ISSUER: issuer, RESOURCE: resource, RESOURCE_CLIENT_SECRET: 'a secret of this test' }
const remedyFor = createRemedies(loadConfig(settings, 'resource-server'))

const requestWith = (token: string) =>
  new Request(resource, { headers: { authorization: `Bearer ${token}` } })
const tokenFor = (claims: Record<string, unknown>) =>
  new UnsecuredJWT({ iss: issuer, exp: 9_999_999_999, ...claims }).encode()
const inactive = (token: string) =>
  remedyFor({
    denial: { kind: 'invalid_token', refusal: { reason: 'inactive' } },
    request: requestWith(token),
  })

describe('advice for the operator', () => {
  it('names the page of the identity provider where a token gets its audience', () => {
    const advice = remedyFor({
      denial: { kind: 'invalid_token', refusal: { reason: 'audience', audience: ['account'] } },
      request: requestWith('x'),
    })
    expect(advice).toMatch(/^the token is for account, not for https:\/\/mcp\.example\.com\/mcp: Keycloak/)
    expect(advice).toContain(`Audience: Included Client Audience ${resource}`)
  })

  it('is the same for a token that is inactive because it is for somebody else', () => {
    expect(inactive(tokenFor({ aud: 'account' }))).toContain('the token is for account')
    expect(inactive(tokenFor({}))).toContain('the token is for nobody')
  })

  it.each([
    ['that is for this server', tokenFor({ aud: [resource, 'account'] })],
    ['of another issuer', tokenFor({ iss: 'https://elsewhere.example', aud: 'account' })],
    ['that has expired', tokenFor({ aud: 'account', exp: 1 })],
    ['that cannot be read', 'opaque'],
  ])('is not given for an inactive token %s', (_, token) => {
    expect(inactive(token)).toBeUndefined()
  })

  it('names the page with the secret when the credentials are refused, and none when the issuer is away', () => {
    const away = new AuthorityUnavailable('away')
    const refused = new CredentialsRefused('refused')
    const adviceOn = (cause: unknown) =>
      remedyFor({ denial: { kind: 'unavailable', cause }, request: requestWith('x') })
    expect(adviceOn(refused)).toContain(`Clients > ${resource} > Credentials`)
    expect(adviceOn(away)).toBeUndefined()
  })

  it('says that opaque tokens need credentials, where there are none', () => {
    const adviceWith = (env: Record<string, string>, detail: string) =>
      createRemedies(loadConfig({ ISSUER: issuer, RESOURCE: resource, ...env }, 'resource-server'))({
        denial: { kind: 'invalid_token', refusal: { reason: 'signature', detail } },
        request: requestWith('opaque'),
      })
    expect(adviceWith({}, 'ERR_JWS_INVALID')).toContain('set RESOURCE_CLIENT_ID and RESOURCE_CLIENT_SECRET')
    expect(adviceWith({}, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')).toBeUndefined()
    expect(adviceWith({ RESOURCE_CLIENT_SECRET: 'a secret' }, 'ERR_JWS_INVALID')).toBeUndefined()
  })

  it('says by how many seconds this machine’s clock is behind, when a token is of the future', () => {
    const advice = remedyFor({
      denial: { kind: 'invalid_token', refusal: { reason: 'not_yet_valid', nbf: 1090, now: 1000 } },
      request: requestWith('x'),
    })
    expect(advice).toContain(`this machine’s clock is 90 s behind that of ${issuer}`)
  })

  it('says how to write the issuer when its metadata names another', async () => {
    const there = await startIssuer()
    there.metadata.issuer = `${there.issuer}/`
    const cause = await fetchIssuerMetadata(there.issuer, 1000).catch((error) => error)
    await there.stop()
    const advice = remedyFor({ denial: { kind: 'unavailable', cause }, request: requestWith('x') })
    expect(advice).toContain(`set ISSUER=${there.issuer}/, with the slash`)
  })

  it('is said without places where there is no profile', () => {
    const elsewhere = createRemedies(
      loadConfig({ ...settings, ISSUER: 'https://id.example.com' }, 'resource-server'),
    )
    const refusal = { reason: 'audience', audience: ['a'] } as const
    expect(elsewhere({ denial: { kind: 'invalid_token', refusal }, request: requestWith('x') })).toContain(
      'ACCEPTED_AUDIENCES',
    )
  })
})
