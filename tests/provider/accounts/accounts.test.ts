import { createHook } from 'node:async_hooks'
import process from 'node:process'
import { describe, expect, it } from '@jest/globals'
import { testAccounts } from '../../../config/index.ts'
import { createAccounts } from '../../../provider/accounts/accounts.ts'
import { hashPassword } from '../../../provider/accounts/password-hash.ts'

const accounts = createAccounts(testAccounts)

describe('createAccounts', () => {
  it.each(testAccounts)('lets $username in with the documented password', async ({ username, password }) => {
    expect(await accounts.authenticate(username, password)).toMatchObject({ username })
  })

  it.each([
    ['a wrong password', 'alice', 'password124'],
    ['another account’s password', 'alice', 'secret456'],
    ['an empty password', 'alice', ''],
    ['a name that nobody has', 'mallory', 'password123'],
    ['a name in other letters', 'ALICE', 'password123'],
    ['a name from Object’s prototype', '__proto__', 'password123'],
    ['the hash itself', 'alice', testAccounts[0]?.passwordHash ?? ''],
  ])('refuses %s', async (_what, username, password) => {
    expect(await accounts.authenticate(username, password)).toBeUndefined()
  })

  it.each(['alice', 'mallory'])(
    'computes one hash for %s, so that the time tells nothing',
    async (username) => {
      let hashes = 0
      const hook = createHook({
        init(_id, type) {
          if (type === 'ARGON2REQUEST') hashes++
        },
      })
      hook.enable()
      await accounts.authenticate(username, 'wrong')
      hook.disable()
      expect(hashes).toBe(1)
    },
  )

  it('knows a password however the keyboard composes it, and a name with a space typed after it', async () => {
    const passwordHash = await hashPassword('pâté à la carte')
    const own = createAccounts([{ id: '1', username: 'zoë', name: 'Zoë', scopes: [], passwordHash }])
    expect(await own.authenticate('zoe\u0308 ', 'pâté à la carte'.normalize('NFD'))).toBeDefined()
    expect(await own.authenticate('zoë', 'pate a la carte')).toBeUndefined()
  })

  it('works as hard for a name that nobody has, when the hashes are dearer than usual', async () => {
    const tag = Buffer.alloc(32, 7).toString('base64').replace('=', '')
    const passwordHash = `$argon2id$v=19$m=19456,t=30,p=1$${tag}$${tag}`
    const own = createAccounts([{ id: '1', username: 'zoe', name: 'Zoe', scopes: [], passwordHash }])
    const processorTime = async (username: string) => {
      const before = process.cpuUsage()
      await own.authenticate(username, 'wrong')
      return process.cpuUsage(before).user
    }
    expect((await processorTime('mallory')) / (await processorTime('zoe'))).toBeGreaterThan(0.3)
  })

  it('finds accounts by their identifier', async () => {
    expect((await accounts.find('bob'))?.scopes).toEqual(['read'])
    expect(await accounts.find('mallory')).toBeUndefined()
    expect(await accounts.find('__proto__')).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['another algorithm', '$argon2i$v=19$m=19456,t=2,p=1$N1W6d0eCFL0hUYwxCYxSdA$vY8NqUhgfZbFr9'],
    ['a plain password', 'password123'],
  ])('does not start with %s in place of a hash', (_what, passwordHash) => {
    const account = { id: 'x', username: 'x', name: 'X', scopes: [], passwordHash }
    expect(() => createAccounts([account])).toThrow(TypeError)
  })
})
