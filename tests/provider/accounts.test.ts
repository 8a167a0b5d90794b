import { createHook } from 'node:async_hooks'
import { describe, expect, it } from '@jest/globals'
import { testAccounts } from '../../config/index.ts'
import { createAccounts } from '../../provider/accounts.ts'

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

  it('finds accounts by name', () => {
    expect(accounts.find('bob')?.scopes).toEqual(['read'])
    expect(accounts.find('mallory')).toBeUndefined()
    expect(accounts.find('__proto__')).toBeUndefined()
  })

  it.each([
    ['nothing', ''],
    ['another algorithm', '$argon2i$v=19$m=19456,t=2,p=1$N1W6d0eCFL0hUYwxCYxSdA$vY8NqUhgfZbFr9'],
    ['a plain password', 'password123'],
  ])('does not start with %s in place of a hash', (_what, passwordHash) => {
    const account = { username: 'x', name: 'X', scopes: [], passwordHash }
    expect(() => createAccounts([account])).toThrow(TypeError)
  })
})
