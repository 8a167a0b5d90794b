import { chmod } from 'node:fs/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { testAccounts } from '../../../config/index.ts'
import { AccountsFileError, readAccountsFile } from '../../../provider/accounts/accounts-file.ts'
import { createAccountsFile, storedAccount, type TestAccountsFile } from '../../support/accounts-file.ts'

let file: TestAccountsFile
afterEach(() => file.remove())

async function problemsOf(content: Parameters<typeof createAccountsFile>[0]): Promise<readonly string[]> {
  file = await createAccountsFile(content)
  try {
    readAccountsFile(file.path)
  } catch (error) {
    if (error instanceof AccountsFileError) return error.problems
    throw error
  }
  return []
}

const one = (fields: object) => [storedAccount('carol'), storedAccount('dave', fields)]
const cheap = '$argon2id$v=19$m=8,t=1,p=1$N1W6d0eCFL0hUYwxCYxSdA$vY8NqUhgfZbFr9+SmIH1IlJEWncKoRpRUeKgfjt8EXI'
const dear = cheap.replace('m=8,t=1', 'm=4000000,t=9')

describe('readAccountsFile', () => {
  it('reads what is there', async () => {
    file = await createAccountsFile([
      storedAccount('carol'),
      storedAccount('дарья', { id: 'd', disabled: true }),
    ])
    expect(readAccountsFile(file.path)).toMatchObject([
      { username: 'carol', scopes: ['read', 'write'] },
      { username: 'дарья', disabled: true },
    ])
  })

  it.each<[string, Parameters<typeof createAccountsFile>[0], RegExp]>([
    ['a word that is no JSON', '{\n  "accounts": [\n    carol\n  ]\n}', /^line 3: is not JSON/],
    ['a comma too many', '{\n  "accounts": [],\n}', /^line 3: is not JSON/],
    ['nothing', '', /^line 1: is not JSON/],
    ['a list alone', '[]', /^line 1: the file: /],
    ['a missing field', one({ scopes: undefined }), /^line 12: accounts\.1\.scopes: is missing/],
    [
      'an unknown scope',
      one({ scopes: ['read', 'root'] }),
      /accounts\.1\.scopes\.1: is not one of read, write, admin/,
    ],
    ['an unknown field', one({ pasword: 'x' }), /accounts\.1: .*pasword/],
    ['a name with a line break', one({ username: 'a\nb' }), /accounts\.1\.username: /],
    ['a name that is not composed', one({ username: 'rene\u0301e' }), /accounts\.1\.username: .*NFC/],
    [
      'a name in other capitals',
      one({ username: 'Carol' }),
      /accounts\.1\.username: is another account’s already/,
    ],
    ['an identifier twice', one({ id: 'id-of-carol' }), /accounts\.1\.id: is another account’s already/],
    [
      'a password',
      one({ passwordHash: 'password123' }),
      /accounts\.1\.passwordHash: is not an argon2id hash/,
    ],
    ['a hash that costs nothing', one({ passwordHash: cheap }), /accounts\.1\.passwordHash: is cheaper/],
    ['a hash that costs minutes', one({ passwordHash: dear }), /accounts\.1\.passwordHash: costs more/],
    ['a public password', one({ passwordHash: testAccounts[0]?.passwordHash }), /is that of a test account/],
  ])('names the line and the entry of %s, and shows no hash', async (_what, content, problem) => {
    const problems = await problemsOf(content)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
    expect(problems[0]).not.toMatch(/\$argon2|password123/)
  })

  it('names every problem at once', async () => {
    expect(await problemsOf(one({ scopes: 'read', id: '' }))).toHaveLength(2)
  })

  it.each([0o620, 0o602])('refuses a file that others can write (%o)', async (mode) => {
    file = await createAccountsFile([storedAccount('carol')])
    await chmod(file.path, mode)
    expect(() => readAccountsFile(file.path)).toThrow(/can be written by others: chmod 600/)
    await chmod(file.path, 0o640)
    expect(readAccountsFile(file.path)).toHaveLength(1)
  })

  it('names a file that is not there', async () => {
    file = await createAccountsFile()
    expect(() => readAccountsFile(`${file.path}.none`)).toThrow(/the file cannot be read \(ENOENT\)/)
  })
})
