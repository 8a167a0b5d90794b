import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import {
  createLoginLimits,
  type LoginAttempt,
  type LoginLimits,
} from '../../../provider/interactions/login-limits.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'

let limits: LoginLimits
beforeEach(async () => {
  jest.useFakeTimers({ now: 0, doNotFake: ['nextTick', 'queueMicrotask'] })
  limits = createLoginLimits(await openStorage('memory:'))
})
afterEach(() => void jest.useRealTimers())

const stranger: LoginAttempt = { username: 'alice', address: '192.0.2.1' }
const minute = 60_000

/** @returns seconds to wait; 0 when the attempt has its turn */
async function wait(attempt: LoginAttempt): Promise<number> {
  const turn = await limits.take(attempt)
  const refused = turn.allowed ? await turn.begin() : turn
  return refused?.retryAfterSeconds ?? 0
}

/** How many of so many attempts have their turn. */
async function turns(count: number, attemptOf: (index: number) => LoginAttempt): Promise<number> {
  const waits = await Promise.all(Array.from({ length: count }, (_, index) => wait(attemptOf(index))))
  return waits.filter((seconds) => seconds === 0).length
}

describe('guessing one name from one address', () => {
  it('has five turns, then waits that grow from a minute to most of an hour, and no end', async () => {
    const waits: number[] = []
    let attempts = 0
    while (waits.length < 4) {
      const seconds = await wait(stranger)
      if (seconds === 0) attempts++
      else {
        waits.push(seconds)
        jest.advanceTimersByTime(seconds * 1000)
      }
    }
    expect(waits).toEqual([60, 14 * 60, 45 * 60, 60])
    expect(attempts).toBe(12 + 5)
  })

  it('gains nothing by a hundred at once, or by a network of 2^64 addresses', async () => {
    expect(await turns(100, () => stranger)).toBe(5)
    expect(await turns(50, (index) => ({ username: 'bob', address: `2001:db8::${index + 1}` }))).toBe(5)
  })

  it('leaves other addresses their turns', async () => {
    await turns(100, () => stranger)
    expect(await wait({ ...stranger, address: '192.0.2.2' })).toBe(0)
  })

  it('uses up nobody’s turns while it waits', async () => {
    // One address alone must not reach the bound of the name, which everybody else meets.
    await turns(1000, () => stranger)
    expect(await wait({ ...stranger, username: 'bob' })).toBe(0)
    expect(await turns(95, (index) => ({ ...stranger, address: `198.51.100.${index}` }))).toBe(95)
  })

  it('does not make its waits longer by going on meanwhile', async () => {
    // Eight turns in two minutes; then nothing until the quarter is over, and the hour has four left.
    expect(await turns(20, () => stranger)).toBe(5)
    jest.advanceTimersByTime(minute)
    expect(await turns(20, () => stranger)).toBe(3)
    for (let minutes = 1; minutes < 14; minutes++) {
      jest.advanceTimersByTime(minute)
      expect(await turns(20, () => stranger)).toBe(0)
    }
    expect(await wait(stranger)).toBe(60)
    jest.advanceTimersByTime(minute)
    expect(await turns(20, () => stranger)).toBe(4)
    expect(await wait(stranger)).toBe(45 * 60)
  })

  it('is forgiven after the right password', async () => {
    for (let times = 0; times < 4; times++) await limits.take(stranger)
    const turn = await limits.take(stranger)
    if (turn.allowed) await turn.begin()
    if (turn.allowed) await turn.forgive()
    expect(await turns(10, () => stranger)).toBe(5)
  })
})

describe('guessing many names from one address', () => {
  const names = (index: number) => ({ username: `name-${index}`, address: '192.0.2.1' })

  it('has a hundred turns in ten minutes', async () => {
    expect(await turns(300, names)).toBe(100)
    expect(await wait(names(301))).toBe(600)
    jest.advanceTimersByTime(10 * minute)
    expect(await wait(names(302))).toBe(0)
  })

  it('uses up no turns of the names while it waits', async () => {
    await turns(100, names)
    for (let times = 0; times < 10; times++)
      expect(await turns(20, () => ({ username: 'bob', address: '192.0.2.1' }))).toBe(0)
    jest.advanceTimersByTime(10 * minute)
    expect(await turns(20, () => ({ username: 'bob', address: '192.0.2.1' }))).toBe(5)
    expect(await turns(95, (index) => ({ username: 'bob', address: `198.51.100.${index}` }))).toBe(95)
  })

  it('takes no name’s last turns, not even for a moment', async () => {
    await turns(100, names)
    await turns(99, (index) => ({ username: 'bob', address: `198.51.100.${index}` }))
    const refused = turns(5, () => ({ username: 'bob', address: '192.0.2.1' }))
    const meanwhile = wait({ username: 'bob', address: '203.0.113.1' })
    expect(await refused).toBe(0)
    expect(await meanwhile).toBe(0)
  })

  it('gains nothing by what is refused just when the next ten minutes begin', async () => {
    const storage = await openStorage('memory:')
    let passed = false
    limits = createLoginLimits({
      createLimiter(name, limit) {
        const limiter = storage.createLimiter(name, limit)
        const reward = limiter.reward.bind(limiter)
        limiter.reward = (...given) => {
          if (!passed) jest.advanceTimersByTime(10 * minute)
          passed = true
          return reward(...given)
        }
        return limiter
      },
    })
    expect(await turns(300, names)).toBe(100)
    expect(passed).toBe(true)
    expect(await turns(300, (index) => names(index + 300))).toBe(100)
  })

  it('waits as long as the last of its limits says', async () => {
    await turns(100, (index) => ({ username: 'bob', address: `198.51.100.${index}` }))
    await turns(100, names)
    expect(await wait({ username: 'bob', address: '192.0.2.1' })).toBe(3600)
    await turns(5, () => ({ username: 'carol', address: '192.0.2.2' }))
    await turns(100, (index) => ({ username: `carol-${index}`, address: '192.0.2.2' }))
    expect(await wait({ username: 'carol', address: '192.0.2.2' })).toBe(600)
  })

  it('does not go on after a login of one’s own', async () => {
    await turns(99, names)
    const own = await limits.take({ username: 'mallory', address: '192.0.2.1' })
    if (own.allowed) await own.begin()
    if (own.allowed) await own.forgive()
    expect(await turns(10, (index) => names(index + 200))).toBe(1)
  })
})

describe('guessing one name from many addresses', () => {
  const botnet = (index: number) => ({ username: 'alice', address: `10.0.${index >> 8}.${index & 255}` })

  it('has a hundred turns in an hour, and then two for each network, up to a thousand in all', async () => {
    expect(await turns(100, (index) => botnet(index % 20))).toBe(100)
    expect(await turns(100, (index) => botnet(index % 20))).toBe(0)
    expect(await turns(2000, (index) => botnet(100 + index))).toBe(900)
    expect(await wait(stranger)).toBe(3600)
    expect(await wait({ ...stranger, username: 'bob' })).toBe(0)
    jest.advanceTimersByTime(60 * minute)
    expect(await wait(stranger)).toBe(0)
  })

  it.each([
    ['/64s of one /56', 4 * 5, (index: number) => `2001:db8:0:${(index % 20).toString(16)}::1`],
    ['/56s of one /48', 8 * 5, (index: number) => `2001:db8:0:${((index % 20) << 8).toString(16)}::1`],
    ['/48s', 100, (index: number) => `2001:db8:${(index % 20).toString(16)}::1`],
    ['IPv4 addresses', 100, (index: number) => `198.51.100.${index % 20}`],
  ])('lets the user sign in from a new browser while 20 %s guess', async (_, passed, addressOf) => {
    expect(await turns(200, (index) => ({ username: 'alice', address: addressOf(index) }))).toBe(passed)
    expect(await wait(stranger)).toBe(0)
    expect(await wait({ ...stranger, address: '2001:db8:ffff::1' })).toBe(0)
  })

  it('uses up no turns of the addresses while it waits', async () => {
    await turns(1000, botnet)
    for (let times = 0; times < 10; times++) expect(await turns(4, () => stranger)).toBe(0)
    expect(await turns(200, (index) => ({ ...stranger, username: `name-${index}` }))).toBe(100)
  })

  it('holds up no browser in which the account has signed in before', async () => {
    await turns(1000, botnet)
    await turns(300, (index) => ({ username: `name-${index}`, address: '192.0.2.1' }))
    expect(await wait({ ...stranger, knownBrowser: 'hers' })).toBe(0)
  })
})

describe('a browser in which the account has signed in before', () => {
  it('has five turns of its own, then waits', async () => {
    const stolen = { ...stranger, knownBrowser: 'stolen' }
    expect(await turns(100, (index) => ({ ...stolen, address: `10.0.0.${index}` }))).toBe(5)
    expect(await wait(stolen)).toBe(60)
    expect(await wait({ ...stranger, knownBrowser: 'another' })).toBe(0)
    expect(await wait(stranger)).toBe(0)
  })
})

describe('without a store', () => {
  it('nobody has a turn', async () => {
    const storage = await openStorage('memory:')
    const broken = createLoginLimits({
      createLimiter(name, limit) {
        const limiter = storage.createLimiter(name, limit)
        limiter.consume = () => Promise.reject(new Error('connect ECONNREFUSED'))
        return limiter
      },
    })
    await expect(broken.take(stranger)).rejects.toThrow('connect ECONNREFUSED')
  })
})
