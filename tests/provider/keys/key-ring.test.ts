import { beforeAll, describe, expect, it } from '@jest/globals'
import {
  advanceKeyRing,
  createKeyRing,
  type KeyRing,
  keptMs,
  keysOf,
  publishedAheadMs,
  rotationTime,
} from '../../../provider/keys/key-ring.ts'
import { lifetimes } from '../../../provider/lifetimes.ts'

const start = Date.UTC(2030, 0, 1)
const dayMs = 86_400_000
const rotationMs = 90 * dayMs
const kids = (ring: KeyRing) => keysOf(ring).signing.keys.map(({ kid }) => kid)

let first: KeyRing
beforeAll(async () => {
  first = await createKeyRing(start)
})

describe('a new key ring', () => {
  it('has one key that signs and one that is published ahead, each with a secret of 256 bits (attack 50)', () => {
    const { signing, cookies } = keysOf(first)
    expect(kids(first)).toEqual([first.current.jwk.kid, first.next.jwk.kid])
    expect(new Set(kids(first)).size).toBe(2)
    for (const key of signing.keys) expect(key).toMatchObject({ crv: 'P-256', alg: 'ES256', use: 'sig' })
    expect(new Set(cookies).size).toBe(2)
    for (const secret of cookies) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
  })
})

describe('with time, a key ring', () => {
  it('stays as it is until the key has signed for its time', async () => {
    expect(await advanceKeyRing(first, start + rotationMs - 1, rotationMs)).toBe(first)
  })

  it('then lets the next key sign, publishes another, and keeps the last one', async () => {
    const second = await advanceKeyRing(first, start + rotationMs, rotationMs)
    expect(kids(second)).toEqual([first.next.jwk.kid, second.next.jwk.kid, first.current.jwk.kid])
    expect(kids(first)).not.toContain(second.next.jwk.kid)
    expect(second.current.since).toBe(start + rotationMs)
  })

  it('keeps a key for as long as anything that it signed is looked at, by whoever cached the JWKS', async () => {
    expect(keptMs).toBeGreaterThan(lifetimes.idToken * 1000 + publishedAheadMs)
    expect(keptMs).toBeGreaterThan(lifetimes.sessionIdle * 1000 + publishedAheadMs)
    const rotatedAt = start + rotationMs
    const second = await advanceKeyRing(first, rotatedAt, rotationMs)
    expect(await advanceKeyRing(second, rotatedAt + keptMs - 1, rotationMs)).toBe(second)
    const later = await advanceKeyRing(second, rotatedAt + keptMs, rotationMs)
    expect(kids(later)).toEqual([second.current.jwk.kid, second.next.jwk.kid])
  })

  it('rotates early when it is asked to, but never to a key that is published for less than a day', async () => {
    const asked = { ...first, rotateAt: start + 1000 }
    expect(rotationTime(asked, rotationMs)).toBe(start + publishedAheadMs)
    expect(await advanceKeyRing(asked, start + publishedAheadMs - 1, rotationMs)).toBe(asked)
    const rotated = await advanceKeyRing(asked, start + publishedAheadMs, rotationMs)
    expect(rotated.current.jwk.kid).toBe(first.next.jwk.kid)
    expect(await advanceKeyRing(rotated, start + 2 * publishedAheadMs, rotationMs)).toBe(rotated)
  })

  it('keeps several retired keys when it is rotated often', async () => {
    let ring = first
    for (const day of [1, 2]) ring = await advanceKeyRing(ring, start + day * dayMs, dayMs)
    expect(kids(ring)).toEqual(expect.arrayContaining(kids(first)))
    expect(ring.retired).toHaveLength(2)
  })

  it('rotates once after a long sleep, not once for each period that was missed', async () => {
    const late = await advanceKeyRing(first, start + 10 * rotationMs, rotationMs)
    expect(late.retired).toHaveLength(1)
    expect(await advanceKeyRing(late, start + 10 * rotationMs, rotationMs)).toBe(late)
  })
})
