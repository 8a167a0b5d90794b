import type { Account } from '../../config/index.ts'
import type { Accounts } from '../../provider/accounts/accounts.ts'

/** As many people as one likes, whose passwords cost nothing to verify: `person-1`, `person-2`, … */
export const manyAccounts: Accounts = {
  find: async (id) => accountOf(id),
  nameOf: async (typed) => accountOf(typed)?.username,
  authenticate: async (username, password) => (password === 'password' ? accountOf(username) : undefined),
}

function accountOf(username: string): Account | undefined {
  if (!/^person-\d+$/.test(username)) return undefined
  return { id: username, username, name: username, scopes: ['read', 'write'], passwordHash: '' }
}
