import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { createTokenInfoVerifier, type TokenInfoOptions } from '../../../resource-server/auth/tokeninfo.ts'
import { AuthorityUnavailable } from '../../../resource-server/auth/verdict.ts'
import { openServer } from '../../support/http-server.ts'

const now = () => Date.parse('2026-01-01T00:00:00Z')
const exp = now() / 1000 + 3600
const clientId = '407408718192.apps.example'

/** What Google says of a good token: numbers as strings, its own scopes, the client as the audience. */
const good = {
  azp: clientId,
  aud: clientId,
  sub: '110248495921238986420',
  scope: 'openid https://www.googleapis.com/auth/userinfo.email',
  exp: String(exp),
  expires_in: '3599',
  email: 'alice@example.com',
  email_verified: 'true',
  access_type: 'online',
}
const badToken = { status: 400, body: { error: 'invalid_token', error_description: 'Invalid Value' } }

let answer: { status: number; body: unknown }
let asked: { request: IncomingMessage; body: string } | undefined
const google = await openServer(async (req, res) => {
  asked = { request: req, body: await text(req) }
  if (answer.status === 0) return // no answer
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  res.writeHead(answer.status, { 'content-type': 'application/json', location: '/elsewhere' }).end(body)
})
afterAll(() => google.close())

function verify(
  status: number,
  body: unknown,
  options: Partial<TokenInfoOptions> = {},
  endpoint = `${google.origin}/tokeninfo`,
) {
  answer = { status, body }
  const expected = { issuer: 'https://accounts.google.com', resource: 'https://mcp.example/mcp' }
  return createTokenInfoVerifier({
    ...expected,
    acceptedAudiences: [clientId],
    endpoint,
    now,
    ...options,
  }).verify('ya29.a token')
}

describe('a good token', () => {
  it('says who calls', async () => {
    const { authInfo } = await verify(200, good)
    expect(authInfo).toMatchObject({
      clientId,
      expiresAt: exp,
      extra: { issuer: 'https://accounts.google.com', subject: good.sub, username: good.email },
    })
  })

  it("gets this server's scopes by the map", async () => {
    const map = { 'https://www.googleapis.com/auth/userinfo.email': ['read'], openid: [] }
    expect((await verify(200, good, { scopeRules: { map } })).authInfo?.scopes).toEqual(['read'])
  })

  it('51: goes to the endpoint in the body, never in the URL', async () => {
    await verify(200, good)
    expect(asked?.request.method).toBe('POST')
    expect(asked?.request.url).toBe('/tokeninfo')
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({ access_token: 'ya29.a token' })
  })
})

describe('a token is refused', () => {
  it('when Google does not know it', async () => {
    expect(await verify(badToken.status, badToken.body)).toEqual({ refusal: { reason: 'inactive' } })
  })

  it.each([
    ['34: for another client', { aud: 'other.apps.example' }, 'audience'],
    ['34: for nobody', { aud: '' }, 'audience'],
    ['when it has no expiry', { exp: undefined }, 'no_expiry'],
    ['when its expiry is no number', { exp: 'soon' }, 'no_expiry'],
    ['when its expiry is infinite', { exp: 'Infinity' }, 'no_expiry'],
    ['when its expiry is empty', { exp: '' }, 'expired'],
    ['when it has expired', { exp: String(now() / 1000) }, 'expired'],
  ])('%s', async (_, changes, reason) => {
    expect((await verify(200, { ...good, ...changes })).refusal?.reason).toBe(reason)
  })
})

describe('nothing is said about the token when the endpoint', () => {
  it.each([
    ['answers 500', 500, {}],
    ['answers 500 with an error', 500, { error: 'invalid_token' }],
    ['is rate limited', 429, { error: 'rate_limited' }],
    ['answers 403', 403, { error: 'forbidden' }],
    ['redirects', 302, good],
    ['answers 400 with garbage', 400, '<html>'],
    ['answers 400 with a string', 400, '"error"'],
    ['answers 400 without an error', 400, {}],
    ['answers 200 with garbage', 200, '<html>maintenance</html>'],
    ['answers 200 with null', 200, null],
    ['answers 200 with an array', 200, []],
    ['answers 200 with a string', 200, '"x"'],
    ['answers 200 with a number', 200, 5],
    ['answers 200 without an audience', 200, { ...good, aud: undefined }],
  ])('%s', async (_, status, body) => {
    await expect(verify(status, body)).rejects.toThrow(AuthorityUnavailable)
  })

  it('does not answer in time', async () => {
    await expect(verify(0, '', { timeoutMs: 50 })).rejects.toThrow(AuthorityUnavailable)
  })

  it('is not there', async () => {
    const gone = await openServer()
    await gone.close()
    await expect(verify(200, good, {}, gone.origin)).rejects.toThrow(AuthorityUnavailable)
  })
})

it('sends no token in clear to another machine', async () => {
  const sent = jest.spyOn(globalThis, 'fetch')
  await expect(verify(200, good, {}, 'http://id.example.com/tokeninfo')).rejects.toThrow(/is not https/)
  expect(sent).not.toHaveBeenCalled()
  sent.mockRestore()
})
