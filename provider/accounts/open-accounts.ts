import { statSync } from 'node:fs'
import { type Account, type Config, ConfigError, testAccounts } from '../../config/index.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Audit } from '../observability/audit.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import { AccountsFileError, readAccountsFile, toAccount } from './accounts-file.ts'

/** Where it is written down that accounts have changed, or cannot be read any more. */
interface Trail {
  readonly logger: Logger
  readonly audit: Audit
}

/**
 * Opens the accounts that ACCOUNTS names, or the test accounts.
 * @throws ConfigError when the file cannot be used
 */
export function openAccounts({ accountsFile }: Pick<Config, 'accountsFile'>, trail: Trail): Accounts {
  if (accountsFile === undefined) return createAccounts(testAccounts)
  try {
    return followFile(accountsFile, trail)
  } catch (error) {
    if (!(error instanceof AccountsFileError)) throw error
    throw new ConfigError(error.problems.map((problem) => ({ variable: 'ACCOUNTS', problem })))
  }
}

/**
 * Looks at each question whether the file has changed, and reads it again when it has: a watcher would miss
 * what network file systems and mounted secrets do. A file that cannot be used changes nothing.
 */
function followFile(path: string, { logger, audit }: Trail): Accounts {
  const read = () => readAccountsFile(path).map(toAccount)
  let seen = stampOf(path)
  let list = read()
  let accounts = createAccounts(list)

  const current = (): Accounts => {
    const stamp = stampOf(path)
    if (stamp === seen) return accounts
    seen = stamp
    try {
      const before = list
      list = read()
      accounts = createAccounts(list)
      for (const { account, reason } of changes(before, list)) {
        audit({
          event: 'account_changed',
          account: account.username,
          subject: account.id,
          reason,
          scopes: account.scopes,
        })
      }
    } catch (error) {
      logger.error({ err: error }, 'the file of accounts cannot be used: the accounts stay as they were')
    }
    return accounts
  }
  return {
    find: async (id) => current().find(id),
    nameOf: async (typed) => current().nameOf(typed),
    authenticate: async (username, password) => current().authenticate(username, password),
  }
}

/** Two microseconds, and on this thread on purpose: the pool's threads may all be hashing passwords. */
function stampOf(path: string): string {
  try {
    const { dev, ino, size, ctimeNs } = statSync(path, { bigint: true })
    return `${dev}:${ino}:${size}:${ctimeNs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

interface Change {
  readonly account: Account
  readonly reason: string
}

function changes(before: readonly Account[], after: readonly Account[]): readonly Change[] {
  const earlier = new Map(before.map((account) => [account.id, account]))
  const found: Change[] = []
  for (const account of after) {
    const old = earlier.get(account.id)
    earlier.delete(account.id)
    const reason = old ? difference(old, account) : 'added'
    if (reason !== undefined) found.push({ account, reason })
  }
  for (const account of earlier.values()) found.push({ account, reason: 'removed' })
  return found
}

function difference(old: Account, account: Account): string | undefined {
  const told: string[] = []
  if (old.username !== account.username) told.push('renamed')
  if (old.disabled !== account.disabled) told.push(account.disabled ? 'disabled' : 'enabled')
  if (old.scopes.join() !== account.scopes.join()) told.push('scopes')
  if (old.passwordHash !== account.passwordHash) told.push('password')
  return told.length > 0 ? told.join(', ') : undefined
}
