import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createAccounts } from '../../../provider/accounts/accounts.ts'
import { readAccountsFile, toAccount } from '../../../provider/accounts/accounts-file.ts'
import { parseCommandLine } from '../../../provider/accounts/command-line.ts'
import { type AccountCommands, accountCommands } from '../../../provider/accounts/commands.ts'
import { UsageError } from '../../../runtime/usage-error.ts'
import {
  createAccountsFile,
  password,
  storedAccount,
  type TestAccountsFile,
} from '../../support/accounts-file.ts'

let file: TestAccountsFile
let commands: AccountCommands
beforeEach(async () => {
  file = await createAccountsFile([storedAccount('carol')])
  commands = accountCommands(file.path)
})
afterEach(() => file.remove())

const stored = () => readAccountsFile(file.path)

describe('accountCommands', () => {
  it('changes passwords and scopes, disables, enables, lists and removes', async () => {
    await commands.passwd('carol', async () => 'another horse battery')
    const accounts = createAccounts(stored().map(toAccount))
    expect(await accounts.authenticate('carol', 'another horse battery')).toBeDefined()
    commands.setScopes('carol', [])
    commands.disable('carol')
    expect(commands.list()).toMatch(/^NAME .*\ncarol +no scopes +disabled +id-of-carol$/)
    commands.enable('carol')
    expect(stored()).toEqual([
      { ...storedAccount('carol'), scopes: [], passwordHash: expect.stringMatching(/^\$argon2id\$/) },
    ])
    commands.remove('carol')
    expect(stored()).toEqual([])
    expect(commands.list()).toBe('There are no accounts.')
  })

  it('gives a name that was removed another identifier', async () => {
    commands.remove('carol')
    await commands.add('carol', ['read'], undefined, async () => password)
    expect(stored()[0]?.id).toMatch(/^[\w-]{22}$/)
  })

  it.each<[string, (ask: () => Promise<string>) => unknown, RegExp]>([
    [
      'a name that is taken',
      (ask) => commands.add('Carol', ['read'], undefined, ask),
      /There is carol already/,
    ],
    [
      'a name that cannot be typed',
      (ask) => commands.add('a b', ['read'], undefined, ask),
      /The name is not 1/,
    ],
    ['a scope that there is not', (ask) => commands.add('dave', ['root'], undefined, ask), /Scopes are read/],
    ['nobody', async () => commands.remove('mallory'), /Nobody has that name/],
    [
      'a file in a folder that is not there',
      (ask) => accountCommands('/nowhere/accounts.json').add('dave', [], undefined, ask),
      /There is no folder \/nowhere/,
    ],
    ['a folder', async () => accountCommands(dirname(file.path)).list(), /is not a file/],
  ])('refuses %s before it asks for a password, and changes nothing', async (_what, command, problem) => {
    const before = await readFile(file.path, 'utf8')
    const ask = async () => {
      throw new Error('asked for a password')
    }
    await expect(command(ask)).rejects.toThrow(problem)
    expect(await readFile(file.path, 'utf8')).toBe(before)
  })
})

describe('parseCommandLine', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['nothing', [], /Say what to do/],
    ['an unknown command', ['frob'], /There is no command frob/],
    ['an unknown option', ['list', '--force'], /--force/],
    ['add without scopes', ['add', 'dave'], /--scopes read,write/],
    ['disable without a name', ['disable'], /disable NAME/],
    ['scopes that are empty', ['set-scopes', 'carol', '--scopes', ''], /--scopes none/],
    ['a name in two words', ['remove', 'carol', 'danvers'], /words too many/],
  ])('does not understand %s, and says what it would', (_what, args, problem) => {
    expect(() => parseCommandLine(args, 'accounts.json')).toThrow(UsageError)
    expect(() => parseCommandLine(args, 'accounts.json')).toThrow(problem)
  })

  it('needs a file to be named', () => {
    expect(() => parseCommandLine(['list'], undefined)).toThrow(/ACCOUNTS=/)
    expect(parseCommandLine(['list', '--file', 'x.json'], 'y.json')).toEqual({
      command: 'list',
      file: 'x.json',
    })
  })
})
