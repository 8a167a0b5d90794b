import { describe, expect, it } from '@jest/globals'
import { createAuthInfo } from '../../../resource-server/auth/auth-info.ts'
import { type CachingOptions, createCachingVerifier } from '../../../resource-server/auth/caching-verifier.ts'
import { AuthorityUnavailable, type Verdict } from '../../../resource-server/auth/verdict.ts'

const now = () => Date.parse('2026-01-01T00:00:00Z')
const subject = { issuer: 'https://issuer.example', subject: 'alice', username: undefined }
const grant = { clientId: 'test-client', scopes: ['read'], keyThumbprint: undefined }
const good = (token: string): Verdict => ({
  authInfo: createAuthInfo(
    token,
    { ...subject, ...grant, expiresAt: now() / 1000 + 3600 },
    'https://mcp.example/mcp',
  ),
})

/** A cache over a verifier that knows the tokens that start with "good", and remembers what it was asked. */
function setUp(options: Partial<CachingOptions> = {}) {
  const asked: string[] = []
  const cache = createCachingVerifier(
    {
      async verify(token) {
        asked.push(token)
        return token.startsWith('good') ? good(token) : { refusal: { reason: 'inactive' } }
      },
    },
    { ttlSeconds: 10, now, ...options },
  )
  return { cache, asked }
}

/** A cache over a verifier that answers when the test says so. */
function setUpHeld(options: Partial<CachingOptions>) {
  const held: (() => void)[] = []
  let running = 0
  let mostRunning = 0
  const cache = createCachingVerifier(
    {
      async verify(token) {
        running += 1
        mostRunning = Math.max(mostRunning, running)
        await new Promise<void>((resolve) => held.push(resolve))
        running -= 1
        return good(token)
      },
    },
    { ttlSeconds: 10, now, ...options },
  )
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  async function releaseAll(): Promise<void> {
    await turn()
    while (held.length > 0) {
      held.shift()?.()
      await turn()
    }
  }
  return { cache, held, turn, releaseAll, mostRunning: () => mostRunning }
}

describe('the size of the cache', () => {
  it('leaves hot good tokens in place under a flood of 100,000 random bad ones', async () => {
    const { cache, asked } = setUp({ maxEntries: 1000 })
    const hot = Array.from({ length: 1000 }, (_, index) => `good-${index}`)
    for (const token of hot) await cache.verify(token)
    for (let index = 0; index < 100_000; index += 1) await cache.verify(`random-${index}`)
    asked.length = 0
    for (const token of hot) expect((await cache.verify(token)).authInfo?.token).toBe(token)
    expect(asked).toEqual([])
  })

  it('keeps no more good tokens than it may, and forgets the one not used for longest', async () => {
    const { cache, asked } = setUp({ maxEntries: 2 })
    for (const token of ['good-1', 'good-2', 'good-1', 'good-3']) await cache.verify(token)
    asked.length = 0
    await cache.verify('good-1')
    await cache.verify('good-3')
    expect(asked).toEqual([])
    await cache.verify('good-2')
    expect(asked).toEqual(['good-2'])
  })

  it('keeps no more refused tokens than it may', async () => {
    const { cache, asked } = setUp({ maxEntries: 2 })
    for (const token of ['bad-1', 'bad-2', 'bad-3']) await cache.verify(token)
    asked.length = 0
    await cache.verify('bad-3')
    await cache.verify('bad-2')
    await cache.verify('bad-1')
    expect(asked).toEqual(['bad-1'])
  })
})

describe('validations at once', () => {
  it('are bounded, and all that wait get their turn', async () => {
    const { cache, releaseAll, mostRunning } = setUpHeld({ maxConcurrent: 3, maxWaiting: 100 })
    const verdicts = Promise.all(Array.from({ length: 50 }, (_, index) => cache.verify(`good-${index}`)))
    await releaseAll()
    expect((await verdicts).map(({ authInfo }) => authInfo?.token)).toEqual(
      Array.from({ length: 50 }, (_, index) => `good-${index}`),
    )
    expect(mostRunning()).toBe(3)
  })

  it('beyond those that may wait are unavailable at once, and say nothing about the token', async () => {
    const { cache, releaseAll } = setUpHeld({ maxConcurrent: 2, maxWaiting: 1 })
    const waiting = ['good-1', 'good-2', 'good-3'].map((token) => cache.verify(token))
    await expect(cache.verify('good-4')).rejects.toThrow(AuthorityUnavailable)
    await releaseAll()
    expect(await Promise.all(waiting)).toHaveLength(3)
    const again = cache.verify('good-4')
    await releaseAll()
    expect((await again).authInfo?.token).toBe('good-4')
  })

  it('do not hold up tokens that are cached', async () => {
    const { cache, held, turn, releaseAll } = setUpHeld({ maxConcurrent: 1, maxWaiting: 0 })
    const first = cache.verify('good-hot')
    await releaseAll()
    await first
    const stuck = cache.verify('good-cold')
    await turn()
    expect(held).toHaveLength(1)
    expect((await cache.verify('good-hot')).authInfo?.token).toBe('good-hot')
    await releaseAll()
    await stuck
  })

  it('give their place back when they fail', async () => {
    let asked = 0
    const cache = createCachingVerifier(
      {
        async verify() {
          asked += 1
          throw new AuthorityUnavailable('down')
        },
      },
      { ttlSeconds: 10, maxConcurrent: 1, maxWaiting: 10, now },
    )
    const outcomes = await Promise.allSettled(['a', 'b', 'c'].map((token) => cache.verify(token)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(asked).toBe(3)
    await expect(cache.verify('a')).rejects.toThrow('down')
    expect(asked).toBe(4)
  })

  it('answer "unavailable" to a caller who has waited for too long, and keep the late answer', async () => {
    const { cache, held, turn, releaseAll } = setUpHeld({ maxConcurrent: 1, deadlineMs: 20 })
    await expect(cache.verify('good-slow')).rejects.toThrow(AuthorityUnavailable)
    expect(held).toHaveLength(1)
    await releaseAll()
    await turn()
    expect((await cache.verify('good-slow')).authInfo?.token).toBe('good-slow')
    expect(cache.statistics).toEqual({ hits: 1, validations: 1 })
  })
})
