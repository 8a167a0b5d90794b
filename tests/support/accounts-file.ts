import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashPassword } from '../../provider/accounts/password-hash.ts'

/** A password that the rules let through. */
export const password = 'correct horse battery staple'
const passwordHash = await hashPassword(password)

/** An account as it stands in the file; what a test does not care about is filled in. */
export function storedAccount(username: string, fields: object = {}): Record<string, unknown> {
  return { id: `id-of-${username}`, username, scopes: ['read', 'write'], passwordHash, ...fields }
}

/** A file of accounts of this test's own. */
export interface TestAccountsFile {
  readonly path: string
  /** Replaces the file as editors do: whole, under another inode. */
  replace(accounts: readonly Record<string, unknown>[] | string): Promise<void>
  remove(): Promise<void>
}

export async function createAccountsFile(
  accounts: readonly Record<string, unknown>[] | string = [],
): Promise<TestAccountsFile> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-accounts-'))
  const path = join(folder, 'accounts.json')
  const replace = async (content: readonly Record<string, unknown>[] | string) => {
    const text = typeof content === 'string' ? content : JSON.stringify({ accounts: content }, undefined, 2)
    await writeFile(`${path}.new`, text, { mode: 0o600 })
    await rename(`${path}.new`, path)
  }
  await replace(accounts)
  return { path, replace, remove: () => rm(folder, { recursive: true }) }
}
