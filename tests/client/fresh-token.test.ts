import { afterEach, describe, expect, it } from '@jest/globals'
import { withFreshToken } from '../../client/fresh-token.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

/** Sends a request with the token `old` to a server that takes `new` only. */
async function send(held: string | undefined) {
  const server = await standIns.start(() => ({
    '/mcp': ({ headers }) => ({ status: headers.authorization === 'Bearer new' ? 200 : 401 }),
  }))
  const fetch = withFreshToken(createSecureFetch(server.origin), { token: async () => held })
  const headers = { authorization: 'Bearer old', 'x-kept': 'yes' }
  const response = await fetch(`${server.origin}/mcp`, { method: 'POST', body: 'a', headers })
  return { status: response.status, requests: server.requests }
}

describe('withFreshToken', () => {
  it('sends a request again whose token somebody else has renewed meanwhile', async () => {
    const { status, requests } = await send('new')
    expect(status).toBe(200)
    expect(requests.map(({ headers, body }) => [headers.authorization, headers['x-kept'], body])).toEqual([
      ['Bearer old', 'yes', 'a'],
      ['Bearer new', 'yes', 'a'],
    ])
  })

  it.each([['old'], [undefined]])('passes the refusal on when there is no other token: %p', async (held) => {
    const { status, requests } = await send(held)
    expect([status, requests.length]).toEqual([401, 1])
  })
})
