import type { Storage } from './storage.ts'

/** How long an ended grant stays ended for a request that has read it before and is about to write it. */
const rememberedMs = 3_600_000

/**
 * Ends a grant, and with it everything it has led to: nothing of a grant is accepted without the grant.
 * No list of its tokens has to be kept.
 */
export async function endGrant(storage: Storage, grantId: string): Promise<void> {
  await storage.set(`Ended:${grantId}`, true, rememberedMs)
  await storage.delete(`Grant:${grantId}`)
}

/**
 * Says whether a grant that was written a moment ago had been ended before, and ends it again if so. Whatever
 * the order of the two, one of them sees the other.
 */
export async function endedMeanwhile(storage: Storage, grantId: string): Promise<boolean> {
  if ((await storage.get(`Ended:${grantId}`)) === undefined) return false
  await storage.delete(`Grant:${grantId}`)
  return true
}
