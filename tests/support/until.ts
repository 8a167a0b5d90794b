import { setTimeout as delay } from 'node:timers/promises'

/** Asks again and again until it is so. The test's own timeout ends it otherwise; what is thrown means "not yet". */
export async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (
    !(await Promise.resolve()
      .then(isSo)
      .catch(() => false))
  )
    await delay(50)
}
