import { describe, expect, it } from '@jest/globals'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createNetworkLimit } from '../../runtime/network-limit.ts'
import { type RateLimit, wrapLimiter } from '../../runtime/rate-limiter.ts'

/** A limit of ten, and how often its counts were asked. */
function setUp() {
  const asked: string[] = []
  const create = (name: string, { points, seconds }: RateLimit) => {
    const limiter = wrapLimiter(new RateLimiterMemory({ points, duration: seconds }))
    return {
      count(key: string, events?: number) {
        asked.push(`${name} ${key}`)
        return limiter.count(key, events)
      },
      exceeded: limiter.exceeded,
    }
  }
  return { limit: createNetworkLimit(create, 'test', { points: 10, seconds: 60 }), asked }
}

/** How many of these addresses, one after the other, are let through. */
async function allowed(
  limit: ReturnType<typeof setUp>['limit'],
  addresses: readonly string[],
): Promise<number> {
  let count = 0
  for (const address of addresses) if ((await limit.count(address)) === undefined) count += 1
  return count
}

const hex = (number: number) => number.toString(16)

describe('a limit of networks', () => {
  it('lets a /56 have four times and a /48 eight times what a /64 has', async () => {
    const in56 = Array.from({ length: 256 }, (_, index) => `2001:db8:1:${hex(index)}::1`)
    expect(await allowed(setUp().limit, in56)).toBe(40)
    const in48 = Array.from({ length: 1000 }, (_, index) => `2001:db8:1:${hex(index * 64)}::1`)
    expect(await allowed(setUp().limit, in48)).toBe(80)
    const apart = Array.from({ length: 100 }, (_, index) => `2001:db8:${hex(index)}::1`)
    expect(await allowed(setUp().limit, apart)).toBe(100)
  })

  it('does not let one /64 use up the share of the networks around it', async () => {
    const { limit } = setUp()
    const one = Array.from({ length: 1000 }, (_, index) => `2001:db8:1:1::${hex(index)}`)
    expect(await allowed(limit, one)).toBe(10)
    const neighbour = Array.from({ length: 11 }, () => '2001:db8:1:2::1')
    expect(await allowed(limit, neighbour)).toBe(10)
  })

  it('does not ask the store about a network that is refused, nor about the narrower ones in it', async () => {
    const { limit, asked } = setUp()
    await allowed(
      limit,
      Array.from({ length: 256 }, (_, index) => `2001:db8:1:${hex(index)}::1`),
    )
    asked.length = 0
    expect(limit.refused('2001:db8:1:fe::9')).toBeGreaterThan(0)
    expect(await limit.count('2001:db8:1:fe::9')).toBeGreaterThan(0)
    expect(await limit.exceeded('2001:db8:1:fe::9')).toBeGreaterThan(0)
    expect(asked).toEqual([])
    expect(limit.refused('2001:db8:1:100::9')).toBeUndefined()
  })

  it('counts all spellings of an IPv4 address together', async () => {
    const spellings = [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::ffff:cb00:7107',
      '203.0.113.7:999',
      '2002:cb00:7107::9',
    ]
    expect(
      await allowed(
        setUp().limit,
        Array.from({ length: 50 }, (_, index) => spellings[index % 5] ?? ''),
      ),
    ).toBe(10)
  })

  it('counts several events at once', async () => {
    const { limit } = setUp()
    expect(await limit.count('203.0.113.7', 10)).toBeUndefined()
    expect(await limit.exceeded('203.0.113.7')).toBeUndefined()
    expect(await limit.count('203.0.113.7', 1)).toBeGreaterThan(0)
    expect(await limit.exceeded('203.0.113.7')).toBeGreaterThan(0)
  })
})
