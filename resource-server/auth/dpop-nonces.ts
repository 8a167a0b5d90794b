import { createHmac, timingSafeEqual } from 'node:crypto'

/** Nonces that this server hands out and recognises, without remembering them (RFC 9449 §9). */
export interface DpopNonces {
  current(): string
  accepts(nonce: unknown): boolean
}

/** How long a nonce is handed out, in seconds; it is accepted for as long again. */
const windowSeconds = 120

/**
 * @param key shared by all replicas, so that each accepts the others' nonces
 * @param now Unix milliseconds
 */
export function createDpopNonces(key: string, now: () => number = Date.now): DpopNonces {
  const window = () => Math.floor(now() / 1000 / windowSeconds)
  const nonceOf = (number: number) => createHmac('sha256', key).update(`dpop-nonce ${number}`).digest()
  return {
    current: () => nonceOf(window()).toString('base64url'),
    accepts(nonce) {
      if (typeof nonce !== 'string') return false
      const given = Buffer.from(nonce, 'base64url')
      return [window(), window() - 1].some((number) => {
        const expected = nonceOf(number)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
    },
  }
}
