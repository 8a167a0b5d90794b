import { afterEach, describe, expect, it } from '@jest/globals'
import { AuthorizationResponseError } from 'openid-client'
import type { Challenge } from '../../client/challenge.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { withStepUp } from '../../client/step-up.ts'
import { defaultProfile, type Tokens } from '../../client/tokens.ts'
import { createStandIns, type StandInAnswer } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const needs = (scope: string): StandInAnswer => ({
  status: 403,
  headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  body: { why: 'scope' },
})

/** @param grants what each sign-in brings; the last is repeated */
async function start(
  answers: readonly StandInAnswer[],
  grants: readonly (readonly string[] | Error)[] = [[]],
) {
  let count = 0
  const server = await standIns.start(() => ({ '/mcp': () => answers[count++] ?? answers.at(-1) ?? {} }))
  const url = `${server.origin}/mcp`
  const asked: Challenge[] = []
  let tokens: Tokens = {
    profile: defaultProfile,
    issuer: 'i',
    resource: url,
    clientId: 'c',
    accessToken: 'first',
    scopes: ['read'],
  }
  const fetch = withStepUp(createSecureFetch(url), {
    tokens: async () => tokens,
    async widen(challenge) {
      const scopes = grants[asked.length] ?? grants.at(-1) ?? []
      asked.push(challenge)
      if (scopes instanceof Error) throw scopes
      tokens = { ...tokens, accessToken: `token-${asked.length}`, scopes }
      return tokens
    },
  })
  const call = () =>
    fetch(url, { method: 'POST', body: 'a=1', headers: { authorization: 'Bearer first', 'x-kept': 'yes' } })
  return { server, asked, call }
}

describe('withStepUp', () => {
  it('asks for what was held and what is missing, then sends the same request with the new token', async () => {
    const { server, asked, call } = await start([needs('write'), {}], [['read', 'write']])
    expect((await call()).status).toBe(200)
    expect(asked.map(({ scopes }) => scopes)).toEqual([['read', 'write']])
    expect(
      server.requests.map(({ headers, method }) => [method, headers.authorization, headers['x-kept']]),
    ).toEqual([
      ['POST', 'Bearer first', 'yes'],
      ['POST', 'Bearer token-1', 'yes'],
    ])
  })

  it('stops at a grant that brings nothing new, and passes the refusal on with its body', async () => {
    const { server, asked, call } = await start([needs('write')], [['read']])
    const response = await call()
    expect([response.status, await response.json()]).toEqual([403, { why: 'scope' }])
    expect([asked.length, server.requests.length]).toEqual([1, 1])
  })

  it('passes the refusal on when the authorization server denies the whole of it, and no other failure', async () => {
    const denied = new AuthorizationResponseError('denied', {
      cause: new URLSearchParams({ error: 'access_denied' }),
    })
    const other = new AuthorizationResponseError('other', {
      cause: new URLSearchParams({ error: 'server_error' }),
    })
    const { call } = await start([needs('write')], [denied])
    expect((await call()).status).toBe(403)
    await expect((await start([needs('write')], [other])).call()).rejects.toBe(other)
  })

  it('sends one request three times at most (attack 45)', async () => {
    const answers = ['a', 'a b', 'a b c', 'a b c d', 'a b c d e'].map(needs)
    const grants = [
      ['read', 'a'],
      ['read', 'a', 'b'],
      ['read', 'a', 'b', 'c'],
      ['read', 'a', 'b', 'c', 'd'],
    ]
    const { server, asked, call } = await start(answers, grants)
    expect((await call()).status).toBe(403)
    expect([asked.length, server.requests.length]).toEqual([2, 3])
  })

  it.each<[string, StandInAnswer]>([
    ['scopes that are held', needs('read')],
    ['no scopes', { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } }],
    ['another error', { status: 403, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }],
    ['no challenge', { status: 403 }],
    ['another status', { ...needs('write'), status: 400 }],
  ])('does not sign in after a refusal with %s', async (_, answer) => {
    const { asked, call } = await start([answer], [['read', 'write']])
    expect((await call()).status).toBe(answer.status)
    expect(asked).toEqual([])
  })
})
