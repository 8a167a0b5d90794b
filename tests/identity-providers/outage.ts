import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { callTool } from '../support/mcp-request.ts'
import type { RunningResourceServer } from '../support/start-resource-server.ts'
import type { Harness } from './harness.ts'

/** What is particular to one identity provider. */
export interface OutageOptions {
  readonly title: string
  readonly harness: Harness
  /** The client whose tokens are JWTs, and can be introspected as well. Default `test-client`. */
  readonly jwtClientId?: string
}

/** One story, in this order: the identity provider stops, and comes back with what it had stored. */
export function describeOutage({ title, harness, jwtClientId = 'test-client' }: OutageOptions): void {
  const { createClient, obtainToken, startMcp, startSibling, control } = harness
  const options = { clientId: jwtClientId }
  const servers: Record<'introspecting' | 'verifying' | 'justStarted', RunningResourceServer> = {} as never
  let [cached, uncached] = ['', '']

  /** A clock that stands still: what is cached stays so, however long the restart takes. */
  const time = Date.now()
  const now = () => time

  const ask = (server: keyof typeof servers, token?: string) =>
    callTool(servers[server].resource, token ? 'get_user_profile' : 'public_info', {}, token ? { token } : {})
  const statusOf = async (server: keyof typeof servers, token?: string) => (await ask(server, token)).status

  /** One that has just come up may be too slow for its first caller, which is told to try again. */
  async function statusSoon(server: keyof typeof servers, token: string): Promise<number> {
    for (let tries = 1; tries < 40; tries++) {
      const status = await statusOf(server, token)
      if (status !== 503) return status
      await delay(250)
    }
    return 503
  }

  const client = createClient('bob', options)
  beforeAll(async () => {
    servers.introspecting = await startMcp({}, { now })
    servers.verifying = await startSibling({ TOKEN_VALIDATION: 'jwt' }, { now })
    servers.justStarted = await startSibling({ TOKEN_VALIDATION: 'jwt' }, { now })
    ;[cached, uncached] = [
      await obtainToken('alice', ['read'], options),
      await obtainToken('alice', ['read'], options),
    ]
    await client.authorization.signIn()
    expect(await statusOf('introspecting', cached)).toBe(200)
    expect(await statusOf('verifying', cached)).toBe(200)
  })
  afterAll(async () => {
    for (const server of Object.values(servers)) await server.stop()
  })

  describe(`while ${title} restarts`, () => {
    beforeAll(() => control('stop'), 120_000)

    it('a cached token goes on, and so do public tools', async () => {
      expect(await statusOf('introspecting', cached)).toBe(200)
      expect(await statusOf('introspecting')).toBe(200)
    })

    it('a token that is not cached gets 503 and when to try again: not 401, and not in', async () => {
      const { status, headers } = await ask('introspecting', uncached)
      expect(status).toBe(503)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    })

    it('signatures are verified with the keys at hand; without any, it is 503 again', async () => {
      expect(await statusOf('verifying', uncached)).toBe(200)
      expect(await statusOf('justStarted', uncached)).toBe(503)
    })

    describe('and afterwards', () => {
      beforeAll(() => control('start'), 360_000)

      it('every token is good everywhere, without a restart of anything else', async () => {
        for (const server of ['introspecting', 'verifying', 'justStarted'] as const) {
          expect([server, await statusSoon(server, cached)]).toEqual([server, 200])
          expect([server, await statusSoon(server, uncached)]).toEqual([server, 200])
        }
      })

      it('a client goes on with the grant that it had, and nobody is asked', async () => {
        const renewed = await client.authorization.refresh()
        expect(renewed?.scopes).toContain('read')
        expect(await statusOf('introspecting', renewed?.accessToken)).toBe(200)
        expect(client.signIns()).toBe(1)
      })
    })
  })
}
