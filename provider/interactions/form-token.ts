import { createHmac, timingSafeEqual } from 'node:crypto'

/** Ties a form to the interaction that it was made for, so that no other site can submit it. */
export interface FormTokens {
  create(interactionUid: string): string
  verify(interactionUid: string, token: string): boolean
}

/** @param key at least 32 random bytes */
export function createFormTokens(key: Uint8Array): FormTokens {
  const digest = (uid: string) => createHmac('sha256', key).update(`form:${uid}`).digest()
  return {
    create: (uid) => digest(uid).toString('base64url'),
    verify: (uid, token) => {
      const given = Buffer.from(token, 'base64url')
      const expected = digest(uid)
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
