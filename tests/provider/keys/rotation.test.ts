import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose'
import { createStorageOver } from '../../../provider/storage/create-storage-over.ts'
import {
  authorizationRequest,
  Browser,
  introspect,
  obtainTokens,
  redeem,
  refresh,
  signIn,
} from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { slowStore } from '../../support/stores.ts'

const dayMs = 86_400_000
const asked = { scope: 'openid read offline_access', prompt: 'consent' }

let now = Date.UTC(2030, 0, 1)
let running: RunningProvider
/** Holds up a reading of the store. */
let hold: ((key: string) => Promise<void>) | undefined
beforeAll(async () => {
  const storage = createStorageOver(slowStore())
  const get = async <Value>(key: string) => {
    await hold?.(key)
    return storage.get<Value>(key)
  }
  running = await startProvider({
    storage: { ...storage, get },
    now: () => now,
    env: { KEY_ROTATION_DAYS: '2' },
  })
})
afterAll(() => running.stop())

/** Time passes, and the provider looks at the clock. */
async function pass(ms: number): Promise<void> {
  now += ms
  await running.server.refreshKeys()
}

const publishedKids = async (): Promise<string[]> =>
  (await (await fetch(`${running.issuer}/jwks`)).json()).keys.map(({ kid }: { kid: string }) => kid)
const kidOf = (idToken: unknown) => decodeProtectedHeader(String(idToken)).kid

/** A client that fetches the keys once and keeps them. */
async function cachingClient() {
  let fetches = 0
  const jwks = createRemoteJWKSet(new URL('/jwks', running.issuer), {
    cooldownDuration: Number.POSITIVE_INFINITY,
    [customFetch]: (...request) => {
      fetches += 1
      return fetch(...request)
    },
  })
  await jwks.reload()
  return {
    verify: (idToken: unknown) => jwtVerify(String(idToken), jwks, { issuer: running.issuer }),
    fetches: () => fetches,
  }
}

// The fault: key rotation.
describe('key rotation', () => {
  it('publishes a key long before it signs, and keeps it after the last ID token has expired', async () => {
    const [signing, next] = await publishedKids()
    await pass(2 * dayMs)
    const [second, third, ...retired] = await publishedKids()
    expect([second, retired]).toEqual([next, [signing]])
    await pass(2 * dayMs)
    expect(await publishedKids()).toEqual([third, expect.any(String), second, signing])
    await pass(60_000)
    expect(await publishedKids()).not.toContain(signing)
  })

  it('loses no request and no ID token of 200 requests in flight, for clients that cached the keys', async () => {
    const browser = new Browser()
    const chains: Record<string, unknown>[] = []
    while (chains.length < 12) chains.push((await obtainTokens(running, 'alice', asked, browser)).body)
    const failures: unknown[] = []
    const signedBy = new Set<string | undefined>()
    let done = 0
    let inFlight = 0
    let most = 0
    let client = await cachingClient()
    let rotating = true
    const clients = [client]

    async function request<Answer extends { status: number }>(send: () => Promise<Answer>): Promise<Answer> {
      most = Math.max(most, ++inFlight)
      const answer = await send()
      inFlight -= 1
      done += 1
      if (answer.status !== 200) failures.push(answer)
      return answer
    }
    async function keepRefreshing(tokens: Record<string, unknown>): Promise<void> {
      let refreshToken = tokens.refresh_token
      while (rotating) {
        const { body } = await request(() => refresh(running, refreshToken))
        refreshToken = body.refresh_token
        signedBy.add(kidOf(body.id_token))
        await client.verify(body.id_token).catch((error) => failures.push(error))
      }
    }
    async function keepIntrospecting(tokens: Record<string, unknown>): Promise<void> {
      while (rotating) {
        const { body } = await request(() => introspect(running, tokens.access_token))
        if (body.active !== true) failures.push(body)
      }
    }

    const load = [
      ...chains.map(keepRefreshing),
      ...Array.from({ length: 200 }, (_, index) => keepIntrospecting(chains[index % chains.length] ?? {})),
    ]
    const passed = async (count: number) => {
      const until = done + count
      while (done < until && failures.length === 0) await delay(5)
    }
    for (let rotation = 0; rotation < 2; rotation++) {
      await passed(100)
      // This client fetches the keys now, and lives with them for the day in which they rotate.
      client = await cachingClient()
      clients.push(client)
      await pass(dayMs)
      await passed(100)
      await pass(dayMs - 1)
      client = await cachingClient()
      clients.push(client)
      await pass(1)
      await passed(100)
    }
    rotating = false
    await Promise.all(load)

    expect(failures).toEqual([])
    expect(most).toBeGreaterThanOrEqual(200)
    expect(signedBy.size).toBe(3)
    for (const { fetches } of clients) expect(fetches()).toBe(1)
  })

  it('leaves the ID tokens of before verifiable, for a client that fetches the keys afterwards', async () => {
    const { body } = await obtainTokens(running, 'alice', asked)
    await pass(2 * dayMs)
    expect((await publishedKids())[0]).not.toBe(kidOf(body.id_token))
    await expect((await cachingClient()).verify(body.id_token)).resolves.toBeDefined()
  })

  it('leaves whoever is signing in signed in: pages, cookies and codes of before work after', async () => {
    const browser = new Browser()
    const request = authorizationRequest(running, asked)
    const login = await browser.open(request.url)
    await pass(2 * dayMs)
    const consent = await browser.submit(login, 'continue', { username: 'alice', password: 'password123' })
    await pass(2 * dayMs)
    const answer = await browser.submit(consent, 'allow')
    await pass(2 * dayMs)
    const redirect = new URL(answer.headers.get('location') ?? '')
    expect((await redeem(running, request, redirect)).status).toBe(200)
    const again = await browser.open(authorizationRequest(running).url)
    expect(again.document.querySelector('#password')).toBeNull()
    expect(again.status).toBeLessThan(400)
  })

  it('lets a request that has begun end with the key that it began with', async () => {
    const { body } = await obtainTokens(running, 'alice', asked)
    const [before, after] = await publishedKids()
    const reached = Promise.withResolvers<void>()
    const rotated = Promise.withResolvers<void>()
    hold = async (key) => {
      if (!key.startsWith('RefreshToken:')) return
      hold = undefined
      reached.resolve()
      await rotated.promise
    }
    const begun = refresh(running, body.refresh_token)
    await reached.promise
    await pass(2 * dayMs)
    rotated.resolve()
    const { status, body: renewed } = await begun
    expect([status, kidOf(renewed.id_token)]).toEqual([200, before])
    expect(kidOf((await refresh(running, renewed.refresh_token)).body.id_token)).toBe(after)
  })
})

describe('the published keys', () => {
  it('are public (attack 51)', async () => {
    const response = await fetch(`${running.issuer}/jwks`)
    const { keys } = await response.json()
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    }
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
  })

  it('sign what the client asks to be identified with', async () => {
    const request = authorizationRequest(running, { ...asked, nonce: 'n-0S6' })
    const { body } = await redeem(running, request, await signIn(new Browser(), request, 'bob'))
    const { payload } = await (await cachingClient()).verify(body.id_token)
    expect(payload).toMatchObject({ sub: 'bob', aud: running.config.client.id, nonce: 'n-0S6' })
  })
})
