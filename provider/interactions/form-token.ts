import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'

/** Ties a form to the interaction that it was made for, so that no other site can submit it. */
export interface FormTokens {
  create(interactionUid: string): string
  verify(interactionUid: string, token: string): boolean
}

/** @param secrets the first one makes tokens, all of them verify */
export function createFormTokens(secrets: readonly string[]): FormTokens {
  const digests = secrets.map((secret) => {
    // The same secrets sign cookies: what is signed for one purpose must be worth nothing for the other.
    const key = createSecretKey(createHmac('sha256', secret).update('gatehouse form tokens').digest())
    return (uid: string) => createHmac('sha256', key).update(uid).digest()
  })
  const [newest] = digests
  if (!newest) throw new TypeError('There is no secret to make form tokens with.')
  return {
    create: (uid) => newest(uid).toString('base64url'),
    verify: (uid, token) => {
      const given = Buffer.from(token, 'base64url')
      return digests.some((digest) => {
        const expected = digest(uid)
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
    },
  }
}
