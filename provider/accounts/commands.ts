import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { resourceScopeNames } from '../../config/index.ts'
import { normalizeUsername } from './accounts.ts'
import { readAccountsFile, type StoredAccount, username as usernameRule } from './accounts-file.ts'
import { hashPassword } from './password-hash.ts'
import { passwordProblem } from './password-rules.ts'
import { updateAccountsFile } from './update-accounts-file.ts'

/** What was asked for cannot be done. The message says why, and what can be. */
export class AccountCommandError extends Error {
  override readonly name = 'AccountCommandError'
}

/** Asks whoever is there for a new password. */
export type AskPassword = () => Promise<string>

/** What the commands do to the file at `path`. Each returns what to tell. */
export type AccountCommands = ReturnType<typeof accountCommands>

/** @param path of the file, which `add` makes when there is none */
export function accountCommands(path: string) {
  const change = (name: string, fields: (account: StoredAccount) => Partial<StoredAccount>) =>
    updateAccountsFile(path, (accounts) => {
      const account = named(accounts, name)
      return (accounts ?? []).map((one) => (one === account ? { ...one, ...fields(one) } : one))
    })

  return {
    async add(name: string, scopes: readonly string[], fullName: string | undefined, ask: AskPassword) {
      const username = checkName(name)
      const granted = checkScopes(scopes)
      // Before anybody types a password for nothing.
      if (existsSync(path)) assertNew(readAccountsFile(path), username)
      else assertFolder(dirname(path))
      const passwordHash = await newPassword(username, ask)
      const account: StoredAccount = {
        // 128 random bits: a name that is given away again does not bring the old tokens with it.
        id: randomBytes(16).toString('base64url'),
        username,
        ...(fullName !== undefined && { name: fullName }),
        scopes: granted,
        passwordHash,
      }
      updateAccountsFile(path, (accounts = []) => [...assertNew(accounts, username), account])
      return `${username} can sign in, with ${inWords(granted)}.`
    },

    list() {
      const accounts = readAccountsFile(path)
      if (accounts.length === 0) return 'There are no accounts.'
      const width = Math.max(...accounts.map(({ username }) => username.length), 'NAME'.length)
      const scopesWidth = Math.max(...accounts.map(({ scopes }) => inWords(scopes).length), 'SCOPES'.length)
      return [
        `${'NAME'.padEnd(width)}  ${'SCOPES'.padEnd(scopesWidth)}  STATE     ID`,
        ...accounts.map(
          ({ username, scopes, disabled, id }) =>
            `${username.padEnd(width)}  ${inWords(scopes).padEnd(scopesWidth)}  ${disabled ? 'disabled' : 'enabled '}  ${id}`,
        ),
      ].join('\n')
    },

    async passwd(name: string, ask: AskPassword) {
      const { username } = named(readAccountsFile(path), name)
      const passwordHash = await newPassword(username, ask)
      change(username, () => ({ passwordHash }))
      return `${username} has a new password. Whoever was signed in with the old one is asked for the new one.`
    },

    setScopes(name: string, scopes: readonly string[]) {
      const granted = checkScopes(scopes)
      change(name, () => ({ scopes: granted }))
      return `${name} has ${inWords(granted)}, from the next use of each token on.`
    },

    disable(name: string) {
      change(name, () => ({ disabled: true }))
      return `${name} cannot sign in, and none of the account’s tokens work.`
    },

    enable(name: string) {
      change(name, () => ({ disabled: undefined }))
      return `${name} can sign in again.`
    },

    remove(name: string) {
      updateAccountsFile(path, (accounts) => {
        const account = named(accounts, name)
        return (accounts ?? []).filter((one) => one !== account)
      })
      return `${name} is removed, and none of the account’s tokens work.`
    },
  }
}

function named(accounts: readonly StoredAccount[] | undefined, name: string): StoredAccount {
  const account = accounts?.find(({ username }) => username === normalizeUsername(name))
  if (!account) throw new AccountCommandError('Nobody has that name. `list` shows who is there.')
  return account
}

function assertNew(accounts: readonly StoredAccount[], name: string): readonly StoredAccount[] {
  const taken = accounts.find(({ username }) => username.toLowerCase() === name.toLowerCase())
  if (taken) throw new AccountCommandError(`There is ${taken.username} already.`)
  return accounts
}

function assertFolder(folder: string): void {
  if (!existsSync(folder)) throw new AccountCommandError(`There is no folder ${folder}.`)
}

function checkName(name: string): string {
  const checked = usernameRule.safeParse(normalizeUsername(name))
  if (checked.success) return checked.data
  throw new AccountCommandError(`The name ${checked.error.issues[0]?.message}.`)
}

function checkScopes(scopes: readonly string[]): StoredAccount['scopes'] {
  const unknown = scopes.filter((scope) => !(resourceScopeNames as readonly string[]).includes(scope))
  if (unknown.length > 0) {
    throw new AccountCommandError(
      `Scopes are ${resourceScopeNames.join(', ')}, or none. Not: ${unknown.join(', ')}`,
    )
  }
  return resourceScopeNames.filter((scope) => scopes.includes(scope))
}

async function newPassword(username: string, ask: AskPassword): Promise<string> {
  const password = await ask()
  const problem = passwordProblem(password, username)
  if (problem !== undefined) throw new AccountCommandError(`The password ${problem}.`)
  return hashPassword(password)
}

function inWords(scopes: readonly string[]): string {
  return scopes.length > 0 ? scopes.join(', ') : 'no scopes'
}
