import { afterAll, describe, expect, it } from '@jest/globals'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import { createCrashingStorage } from '../../support/crashing-storage.ts'
import {
  authorizationRequest,
  Browser,
  introspect,
  type JsonAnswer,
  obtainTokens,
  post,
  redeem,
  refresh,
  signIn,
} from '../../support/sign-in.ts'
import { startProvider } from '../../support/start-provider.ts'

// Each operation is cut off after its first write, its second, and so on, until it comes to its end. Whoever got
// no answer asks again, as a client does when the provider is back.

const crashing = createCrashingStorage(await openStorage('memory:'))
const running = await startProvider({ storage: crashing.storage })
afterAll(() => running.stop())

/** More writes than any of these makes. */
const mostWrites = 30

/**
 * Cuts an operation off after every number of writes.
 * @param prepare what there is before, made anew each time
 * @param operate what is cut off
 * @param verify what must be true once the process runs again; told what was answered, if anything was
 */
async function cutAnywhere<Prepared>(
  prepare: () => Promise<Prepared>,
  operate: (prepared: Prepared) => Promise<unknown>,
  verify: (prepared: Prepared) => Promise<void>,
): Promise<void> {
  for (let writes = 0; writes < mostWrites; writes += 1) {
    const prepared = await prepare()
    crashing.crashAfter(writes)
    await operate(prepared).catch(() => {})
    const died = crashing.restart()
    await verify(prepared).catch((cause: Error) => {
      throw new Error(`Killed after ${writes} writes: ${cause.message}`, { cause })
    })
    if (!died) return expect(writes).toBeGreaterThan(0)
  }
  throw new Error('The operation never came to its end.')
}

const offline = { scope: 'read offline_access', prompt: 'consent' }
const tokens = async () => (await obtainTokens(running, 'alice', offline)).body
const revoke = (token: unknown) =>
  post(`${running.issuer}/revoke`, { client_id: 'test-client', token: String(token) })
const isActive = async (token: unknown) => (await introspect(running, token)).body.active
const code = async () => {
  const request = authorizationRequest(running, offline)
  return { request, redirect: await signIn(new Browser(), request, 'alice') }
}

/** Tokens that work, or a refusal that leads to a new login; never a half of either. */
async function expectTokensOrLogin({ status, body }: JsonAnswer): Promise<void> {
  if (status === 200) {
    expect(await isActive(body.access_token)).toBe(true)
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
  } else {
    expect([status, body.error]).toEqual([400, 'invalid_grant'])
    const again = await tokens()
    expect(await isActive(again.access_token)).toBe(true)
  }
}

describe('a process that is killed at any point (faults kill -9, crash in mid-rotation)', () => {
  it('of a sign-in leaves nothing in the way of the next one', async () => {
    const request = () => authorizationRequest(running, offline)
    await cutAnywhere(
      async () => request(),
      (first) => signIn(new Browser(), first, 'alice'),
      async () => expect((await tokens()).access_token).toBeDefined(),
    )
  })

  it('of a redemption costs a new login at worst', async () => {
    await cutAnywhere(
      code,
      ({ request, redirect }) => redeem(running, request, redirect),
      async ({ request, redirect }) => expectTokensOrLogin(await redeem(running, request, redirect)),
    )
  })

  it('of a refresh costs a new login at worst', async () => {
    await cutAnywhere(
      tokens,
      (issued) => refresh(running, issued.refresh_token),
      async (issued) => expectTokensOrLogin(await refresh(running, issued.refresh_token)),
    )
  })

  it('of the revocation of a refresh token: once it is confirmed, nothing of its grant comes back', async () => {
    await cutAnywhere(
      tokens,
      (issued) => revoke(issued.refresh_token),
      async (issued) => {
        expect((await revoke(issued.refresh_token)).status).toBe(200)
        expect(await isActive(issued.access_token)).toBe(false)
        expect((await refresh(running, issued.refresh_token)).body.error).toBe('invalid_grant')
      },
    )
  })

  it('of the revocation of an access token: once it is confirmed, it does not come back', async () => {
    await cutAnywhere(
      tokens,
      (issued) => revoke(issued.access_token),
      async (issued) => {
        expect((await revoke(issued.access_token)).status).toBe(200)
        expect(await isActive(issued.access_token)).toBe(false)
      },
    )
  })

  it('of the refusal of a used refresh token still ends the family when that is shown again (attack 18)', async () => {
    await cutAnywhere(
      async () => {
        const issued = await tokens()
        return { issued, renewed: (await refresh(running, issued.refresh_token)).body }
      },
      ({ issued }) => refresh(running, issued.refresh_token),
      async ({ issued, renewed }) => {
        expect((await refresh(running, issued.refresh_token)).body.error).toBe('invalid_grant')
        expect(await isActive(renewed.access_token)).toBe(false)
        expect((await refresh(running, renewed.refresh_token)).body.error).toBe('invalid_grant')
      },
    )
  })

  it('of the refusal of a used code still ends the grant when that is shown again (attack 17)', async () => {
    await cutAnywhere(
      async () => {
        const { request, redirect } = await code()
        return { request, redirect, issued: (await redeem(running, request, redirect)).body }
      },
      ({ request, redirect }) => redeem(running, request, redirect),
      async ({ request, redirect, issued }) => {
        expect((await redeem(running, request, redirect)).body.error).toBe('invalid_grant')
        expect(await isActive(issued.access_token)).toBe(false)
      },
    )
  })
})
