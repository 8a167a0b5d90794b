import { describe, expect, it } from '@jest/globals'
import { createDpopNonces } from '../../../resource-server/auth/dpop-nonces.ts'

const key = 'a key that all replicas of this server share'
let time = Date.parse('2026-01-01T00:00:00Z')
const now = () => time
const nonces = createDpopNonces(key, now)

describe('a nonce', () => {
  it('23: is accepted in the window in which it was handed out and in the next, and not later', () => {
    const nonce = nonces.current()
    expect(nonces.accepts(nonce)).toBe(true)
    time += 120_000
    expect(nonces.accepts(nonce)).toBe(true)
    expect(nonces.current()).not.toBe(nonce)
    time += 119_999
    expect(nonces.accepts(nonce)).toBe(true)
    time += 1
    expect(nonces.accepts(nonce)).toBe(false)
  })

  it('23: of the future is not accepted', () => {
    const later = createDpopNonces(key, () => time + 120_000).current()
    expect(nonces.accepts(later)).toBe(false)
  })

  it('is accepted by every replica with the same key', () => {
    expect(createDpopNonces(key, now).accepts(nonces.current())).toBe(true)
  })

  it("23: of another server's key is not accepted", () => {
    expect(nonces.accepts(createDpopNonces('another key, just as long as that one', now).current())).toBe(
      false,
    )
  })

  it('50: has 256 bits, and shows nothing of the key', () => {
    expect(Buffer.from(nonces.current(), 'base64url')).toHaveLength(32)
  })

  it.each([undefined, null, '', 0, true, {}, [], ['x'], 'x', 'A'.repeat(43), 'A'.repeat(10_000), '\u0000'])(
    '48: is not %j',
    (nonce) => {
      expect(nonces.accepts(nonce)).toBe(false)
    },
  )
})
