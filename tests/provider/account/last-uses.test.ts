import { beforeEach, describe, expect, it } from '@jest/globals'
import type { Context } from 'koa'
import { createLastUses, type LastUses } from '../../../provider/account/last-uses.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import type { Storage } from '../../../provider/storage/storage.ts'
import { type CapturedLog, captureLog } from '../../support/captured-log.ts'

const start = 1_800_000_000
let now: number
let storage: Storage
let writes: number
let broken: boolean
let log: CapturedLog
let lastUses: LastUses
beforeEach(async () => {
  ;[now, writes, broken] = [start, 0, false]
  storage = await openStorage('memory:')
  log = captureLog()
  const counted: Storage = {
    ...storage,
    get: (key) => storage.get(key),
    delete: (key) => storage.delete(key),
    async set(key, value, ttlMs) {
      if (broken) throw new Error('The store is down.')
      writes += 1
      await storage.set(key, value, ttlMs)
    },
  }
  lastUses = createLastUses({ storage: counted, logger: log.logger }, () => now * 1000)
})

const grant = { jti: 'a-grant', exp: start + 90 * 86_400 }
const token = () => ({ exp: now + 3600 })

/** A request that the library has answered. */
async function answer(route: string, entities: object, response: object): Promise<void> {
  const ctx = { oidc: { route, entities }, ...response } as unknown as Context
  await lastUses.middleware()(ctx as never, async () => {})
  // Nobody waits for the write, so the test does.
  await new Promise(setImmediate)
}

const introspected = (active = true) =>
  answer('introspection', { Grant: grant, AccessToken: token() }, { status: 200, body: { active } })
const issued = (more = {}) =>
  answer('token', { Grant: grant, AccessToken: token(), ...more }, { status: 200, body: {} })

describe('the last use of a grant', () => {
  it('is when its token was issued, then when it was looked at', async () => {
    await issued()
    expect(await lastUses.find('a-grant')).toEqual({ usedAt: start, accessUntil: start + 3600 })
    now += 7200
    await introspected()
    expect(await lastUses.find('a-grant')).toMatchObject({ usedAt: start + 7200 })
  })

  it('is written at most once an hour, however often it is used or refreshed', async () => {
    await issued()
    for (let i = 0; i < 50; i += 1) {
      now += 70
      await introspected()
      await issued({ RotatedRefreshToken: {} })
    }
    expect(now - start).toBeLessThan(3600)
    expect(writes).toBe(1)
    now = start + 3601
    await introspected()
    expect(writes).toBe(2)
  })

  it('is not when a token was refused', async () => {
    await introspected(false)
    await answer('token', { Grant: grant, AccessToken: token() }, { status: 400 })
    expect(await lastUses.find('a-grant')).toBeUndefined()
  })

  it('that cannot be written fails no request, is logged, and is written at the next one', async () => {
    broken = true
    await introspected()
    expect(log.records()).toEqual([expect.objectContaining({ msg: expect.stringContaining('last use') })])
    broken = false
    await introspected()
    expect(writes).toBe(1)
  })
})
