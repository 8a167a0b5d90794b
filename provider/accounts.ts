import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Account } from '../config/index.ts'

/** The people who can sign in. */
export interface Accounts {
  /** @returns undefined when nobody has that name */
  find(username: string): Account | undefined
  /**
   * Judges a user name and a password. Exactly one hash is computed whoever is named, so that neither
   * the answer nor its time tells whether the account exists (OWASP ASVS 5 V6.3.8).
   * @returns undefined when they do not belong together
   */
  authenticate(username: string, password: string): Promise<Account | undefined>
}

interface PasswordHash {
  readonly parameters: Omit<Argon2Parameters, 'message'>
  readonly tag: Buffer
}

const deriveTag = promisify(argon2)

/**
 * @param accounts unique user names, with argon2id hashes in PHC form
 * @throws TypeError when a hash cannot be read
 */
export function createAccounts(accounts: readonly Account[]): Accounts {
  const byUsername = new Map(accounts.map((account) => [account.username, account]))
  const hashes = new Map(accounts.map(({ username, passwordHash }) => [username, parsePhc(passwordHash)]))
  // Compared with when nobody has the name. Random, so that no password leads to it.
  const nobody: PasswordHash = {
    parameters: { nonce: randomBytes(16), parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 },
    tag: randomBytes(32),
  }
  return {
    find: (username) => byUsername.get(username),
    async authenticate(username, password) {
      const { parameters, tag } = hashes.get(username) ?? nobody
      const candidate = await deriveTag('argon2id', { ...parameters, message: password })
      return timingSafeEqual(candidate, tag) ? byUsername.get(username) : undefined
    },
  }
}

/** Reads `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, both in base64 without padding. */
function parsePhc(phc: string): PasswordHash {
  const [, memory, passes, parallelism, salt, hash] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc) ?? []
  if (salt === undefined || hash === undefined) {
    throw new TypeError('An account has a password hash that is not argon2id in PHC form.')
  }
  const tag = Buffer.from(hash, 'base64')
  return {
    parameters: {
      nonce: Buffer.from(salt, 'base64'),
      parallelism: Number(parallelism),
      tagLength: tag.length,
      memory: Number(memory),
      passes: Number(passes),
    },
    tag,
  }
}
