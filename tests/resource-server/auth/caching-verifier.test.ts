import { describe, expect, it } from '@jest/globals'
import { createAuthInfo } from '../../../resource-server/auth/auth-info.ts'
import { createCachingVerifier } from '../../../resource-server/auth/caching-verifier.ts'
import { AuthorityUnavailable, type Verdict } from '../../../resource-server/auth/verdict.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const inactive: Verdict = { refusal: { reason: 'inactive' } }

function good(token: string, expiresAt = start / 1000 + 3600): Verdict {
  const subject = { issuer: 'https://issuer.example', subject: 'alice', username: undefined }
  const grant = { clientId: 'test-client', scopes: ['read'], expiresAt, keyThumbprint: undefined }
  return { authInfo: createAuthInfo(token, { ...subject, ...grant }, 'https://mcp.example/mcp') }
}

/** A cache over a verifier that counts, with a clock and an answer that the test sets. */
function setUp(answer: (token: string) => Verdict | Promise<Verdict>, ttlSeconds = 10) {
  const state = { time: start, asked: 0, answer }
  const cache = createCachingVerifier(
    {
      async verify(token) {
        state.asked += 1
        return state.answer(token)
      },
    },
    { ttlSeconds, now: () => state.time },
  )
  return { state, cache }
}

describe('when the system’s clock steps back an hour', () => {
  it('no verdict is believed for longer than its time to live', async () => {
    const clocks = { wall: start, steady: 0 }
    let verdict: Verdict = good('t')
    const cache = createCachingVerifier(
      { verify: async () => verdict },
      { ttlSeconds: 10, now: () => clocks.wall, steadyNow: () => clocks.steady },
    )
    expect((await cache.verify('t')).authInfo).toBeDefined()
    verdict = inactive
    clocks.wall -= 3_600_000
    clocks.steady += 9_999
    expect((await cache.verify('t')).authInfo).toBeDefined()
    clocks.steady += 1
    expect(await cache.verify('t')).toEqual(inactive)
    verdict = good('t')
    clocks.wall -= 3_600_000
    clocks.steady += 2_000
    expect((await cache.verify('t')).authInfo).toBeDefined()
  })
})

describe('a good token', () => {
  it('is validated once for its time to live', async () => {
    const { state, cache } = setUp(good)
    const first = await cache.verify('t')
    state.time += 9999
    expect(await cache.verify('t')).toBe(first)
    expect(state.asked).toBe(1)
    state.time += 1
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })

  it('is believed from the start of its validation, not from the end', async () => {
    const { state, cache } = setUp((token) => {
      state.time += 4000
      return good(token)
    })
    await cache.verify('t')
    state.time = start + 9999
    await cache.verify('t')
    expect(state.asked).toBe(1)
    state.time = start + 10_000
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })

  it('is not kept when its validation took longer than its time to live', async () => {
    const { state, cache } = setUp((token) => {
      state.time += 10_000
      return good(token)
    })
    await cache.verify('t')
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })

  it('is refused from the cache as soon as its exp has come', async () => {
    const { state, cache } = setUp((token) => good(token, start / 1000 + 3))
    expect(await cache.verify('t')).toHaveProperty('authInfo')
    state.time += 2999
    expect((await cache.verify('t')).authInfo?.clientId).toBe('test-client')
    state.time += 1
    expect(await cache.verify('t')).toEqual({
      refusal: { reason: 'expired', exp: start / 1000 + 3, now: start / 1000 + 3 },
    })
    expect(state.asked).toBe(1)
  })

  it('is refused after its time to live when it was revoked meanwhile', async () => {
    const { state, cache } = setUp(good)
    await cache.verify('t')
    state.answer = () => inactive
    state.time += 9999
    expect((await cache.verify('t')).refusal).toBeUndefined()
    state.time += 1
    expect(await cache.verify('t')).toEqual(inactive)
  })

  it('is asked about every time when the time to live is 0', async () => {
    const { state, cache } = setUp(good, 0)
    await cache.verify('t')
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })
})

describe('a refused token', () => {
  it('is refused from the cache for 2 seconds', async () => {
    const { state, cache } = setUp(() => inactive)
    await cache.verify('t')
    state.time += 1999
    expect(await cache.verify('t')).toEqual(inactive)
    expect(state.asked).toBe(1)
    state.time += 1
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })

  it('is believed no longer than a good one would be', async () => {
    const { state, cache } = setUp(() => inactive, 1)
    await cache.verify('t')
    state.time += 1000
    await cache.verify('t')
    expect(state.asked).toBe(2)
  })

  it('is let in again when the issuer says that it is good', async () => {
    const { state, cache } = setUp(() => inactive)
    await cache.verify('t')
    state.answer = good
    state.time += 2000
    expect((await cache.verify('t')).authInfo?.clientId).toBe('test-client')
    state.time += 2000
    expect((await cache.verify('t')).authInfo?.clientId).toBe('test-client')
    expect(state.asked).toBe(2)
  })
})

describe('a token that was good and is revoked', () => {
  it('is refused from the cache like any other refused token', async () => {
    const { state, cache } = setUp(good)
    await cache.verify('t')
    state.answer = () => inactive
    state.time += 10_000
    await cache.verify('t')
    state.time += 1999
    expect(await cache.verify('t')).toEqual(inactive)
    expect(state.asked).toBe(2)
  })
})

describe('concurrent callers', () => {
  it.each([
    ['good', good('t')],
    ['bad', inactive],
  ])('share one validation of a %s token', async (_, verdict) => {
    const { state, cache } = setUp(() => verdict)
    const verdicts = await Promise.all(Array.from({ length: 1000 }, () => cache.verify('t')))
    expect(state.asked).toBe(1)
    expect(new Set(verdicts)).toEqual(new Set([verdict]))
    expect(cache.statistics).toEqual({ hits: 999, validations: 1 })
  })

  it('share one validation even when nothing is kept', async () => {
    const { state, cache } = setUp(good, 0)
    await Promise.all(Array.from({ length: 100 }, () => cache.verify('t')))
    expect(state.asked).toBe(1)
  })

  it('with different tokens get each their own answer', async () => {
    const { cache } = setUp((token) => (token === 'good' ? good(token) : inactive))
    const verdicts = await Promise.all(['good', 'bad', 'good', 'bad'].map((token) => cache.verify(token)))
    expect(verdicts.map(({ refusal }) => refusal?.reason)).toEqual([
      undefined,
      'inactive',
      undefined,
      'inactive',
    ])
  })
})

describe('a failure to ask', () => {
  it('is shared by who waits for it, and forgotten', async () => {
    const outage = new AuthorityUnavailable('down')
    const { state, cache } = setUp(() => Promise.reject(outage))
    const outcomes = await Promise.allSettled([cache.verify('t'), cache.verify('t')])
    expect(outcomes).toEqual([
      { status: 'rejected', reason: outage },
      { status: 'rejected', reason: outage },
    ])
    expect(state.asked).toBe(1)
    state.answer = good
    expect((await cache.verify('t')).authInfo?.clientId).toBe('test-client')
    expect(state.asked).toBe(2)
  })

  it('does not end the life of a token that is cached', async () => {
    const { state, cache } = setUp(good)
    await cache.verify('t')
    state.answer = () => Promise.reject(new AuthorityUnavailable('down'))
    state.time += 9999
    expect((await cache.verify('t')).authInfo?.clientId).toBe('test-client')
    state.time += 1
    await expect(cache.verify('t')).rejects.toThrow(AuthorityUnavailable)
  })
})
