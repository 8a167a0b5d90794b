import { describe, expect, it } from '@jest/globals'
import { createPasswordQueue, PasswordQueueError } from '../../../provider/accounts/password-queue.ts'
import { createAccountsFile, password, storedAccount } from '../../support/accounts-file.ts'
import { authorizationRequest, Browser, form } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

/** Far longer than a slow machine needs. */
const patient = { maxWaitMs: 600_000 }

/** Opens the login page, and returns what sends the form. */
async function openLogin(running: RunningProvider, username: string, typed = password) {
  const browser = new Browser()
  const page = await browser.open(authorizationRequest(running, {}).url)
  const { action, body } = form(page, 'continue', { username, password: typed })
  return () => browser.request(action, { method: 'POST', body })
}

describe('sign-ins at once', () => {
  it('let in 200 users with the right passwords, all from one address', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `user${index}`)
    const file = await createAccountsFile(names.map((name) => storedAccount(name)))
    const env = { ACCOUNTS: file.path }
    const running = await startProvider({ env, passwordQueue: patient })
    const send: (() => ReturnType<Browser['request']>)[] = []
    for (const name of names) send.push(await openLogin(running, name))
    const answers = await Promise.all(send.map((one) => one()))
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 303))
    await running.stop()
    await file.remove()
  }, 600_000)

  it('answer 503 with Retry-After when the queue is full, and count no guess for that', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`)
    const file = await createAccountsFile(names.map((name) => storedAccount(name)))
    const bounds = { ...patient, concurrency: 1, maxWaiting: 0 }
    const running = await startProvider({ env: { ACCOUNTS: file.path }, passwordQueue: bounds })
    const refusedOf = async (name: string) => {
      const sends = await Promise.all(Array.from({ length: 5 }, () => openLogin(running, name)))
      const answers = await Promise.all(sends.map((send) => send()))
      return answers.filter(({ status }) => status === 503)
    }
    const refused = (await Promise.all(names.map(refusedOf))).flat()
    expect(refused.length).toBeGreaterThan(0)
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    // Five attempts are all that a name has in a minute: those that were not judged are not among them.
    for (const name of names) expect((await (await openLogin(running, name))()).status).toBe(303)
    await running.stop()
    await file.remove()
  }, 600_000)
})

describe('the password queue', () => {
  it('judges a few at a time, in turn between groups', async () => {
    const queue = createPasswordQueue({ ...patient, concurrency: 1 })
    const order: string[] = []
    const hold = Promise.withResolvers<void>()
    const task = (name: string) => async () => void order.push(name)
    const all = [
      queue('flood', () => hold.promise),
      ...['a', 'b', 'c'].map((name) => queue('flood', task(name))),
      queue('office', task('user')),
    ]
    hold.resolve()
    await Promise.all(all)
    expect(order).toEqual(['a', 'user', 'b', 'c'])
  })

  it('refuses the last of the group that waits most when it is full, and not a newcomer', async () => {
    const queue = createPasswordQueue({ ...patient, concurrency: 1, maxWaiting: 3 })
    const hold = Promise.withResolvers<void>()
    const first = queue('flood', () => hold.promise)
    const flood = [1, 2, 3].map((index) => queue('flood', async () => index))
    const last = expect(flood[2]).rejects.toBeInstanceOf(PasswordQueueError)
    const user = queue('office', async () => 'user')
    await last
    await expect(queue('flood', async () => 'more')).rejects.toBeInstanceOf(PasswordQueueError)
    hold.resolve()
    expect(await Promise.all([first, flood[0], flood[1], user])).toEqual([undefined, 1, 2, 'user'])
  })

  it('gives up after its time, and goes on with others', async () => {
    const queue = createPasswordQueue({ concurrency: 1, maxWaitMs: 1 })
    const hold = Promise.withResolvers<void>()
    const first = queue('one', () => hold.promise)
    await expect(queue('one', async () => 'late')).rejects.toBeInstanceOf(PasswordQueueError)
    hold.resolve()
    await first
    expect(await queue('one', async () => 'in time')).toBe('in time')
  })
})
