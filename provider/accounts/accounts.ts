import { createHmac, randomBytes } from 'node:crypto'
import type { Account } from '../../config/index.ts'
import { parsePasswordHash, unreachableHash, verifyPassword } from './password-hash.ts'

/** The people who can sign in, as they are at the moment of the question. */
export interface Accounts {
  /**
   * @param id the `sub` of a token, or the account of a session
   * @returns undefined when the account has been removed or disabled
   */
  find(id: string): Promise<Account | undefined>
  /**
   * For the log, where nothing else that was typed belongs: it may be a password in the wrong field.
   * @returns the user name when somebody has it, disabled or not
   */
  nameOf(typed: string): Promise<string | undefined>
  /**
   * Judges a user name and a password. Exactly one hash is computed whoever is named, so that neither
   * the answer nor its time tells whether the account exists (OWASP ASVS 5 V6.3.8).
   * @returns undefined when they do not belong together, or the account is disabled
   */
  authenticate(username: string, password: string): Promise<Account | undefined>
}

/**
 * @param list unique identifiers and user names, with argon2id hashes in PHC form
 * @throws TypeError when a hash cannot be read
 */
export function createAccounts(list: readonly Account[]): Accounts {
  const byId = new Map(list.map((account) => [account.id, account]))
  const byName = new Map(
    list.map((account) => [
      normalizeUsername(account.username),
      { account, hash: parsePasswordHash(account.passwordHash) },
    ]),
  )
  const costs = [...byName.values()].map(({ hash }) => hash.cost)
  const pepper = randomBytes(32)
  // Hashes that cost more than others would tell whose they are: a name that nobody has costs what
  // somebody's does, the same at each attempt.
  const nobody = (username: string) =>
    unreachableHash(
      costs[createHmac('sha256', pepper).update(username).digest().readUInt32BE() % costs.length],
    )
  return {
    find: async (id) => enabled(byId.get(id)),
    nameOf: async (typed) => byName.get(normalizeUsername(typed))?.account.username,
    async authenticate(username, password) {
      const named = byName.get(normalizeUsername(username))
      const matches = await verifyPassword(password, named?.hash ?? nobody(username))
      return matches ? enabled(named?.account) : undefined
    },
  }
}

/** What an account is called on pages: its name, where that says more, and what is typed to sign in. */
export function displayName({ name, username }: Pick<Account, 'name' | 'username'>): string {
  return name.toLowerCase() === username.toLowerCase() ? username : `${name} (${username})`
}

/** User names are compared as RFC 8265 §3.4 compares them: composed, in the letters they were given. */
export function normalizeUsername(username: string): string {
  return username.trim().normalize('NFC')
}

function enabled(account: Account | undefined): Account | undefined {
  return account?.disabled === true ? undefined : account
}
