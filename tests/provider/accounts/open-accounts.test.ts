import { chmod, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ConfigError } from '../../../config/index.ts'
import type { Accounts } from '../../../provider/accounts/accounts.ts'
import { openAccounts } from '../../../provider/accounts/open-accounts.ts'
import type { SecurityEvent } from '../../../provider/observability/audit.ts'
import {
  createAccountsFile,
  password,
  storedAccount,
  type TestAccountsFile,
} from '../../support/accounts-file.ts'
import { captureLog } from '../../support/captured-log.ts'

let file: TestAccountsFile
let accounts: Accounts
let events: SecurityEvent[]
const log = captureLog()
const open = (accountsFile: string) =>
  openAccounts({ accountsFile }, { logger: log.logger, audit: (event) => events.push(event) })

beforeEach(async () => {
  events = []
  file = await createAccountsFile([storedAccount('carol'), storedAccount('dave', { disabled: true })])
  accounts = open(file.path)
})
afterEach(() => file.remove())

describe('a file of accounts', () => {
  it('lets in who stands there, and nobody else', async () => {
    expect(await accounts.authenticate('carol', password)).toMatchObject({ id: 'id-of-carol' })
    expect(await accounts.authenticate('carol', `${password}.`)).toBeUndefined()
    expect(await accounts.authenticate('alice', 'password123')).toBeUndefined()
    expect(await accounts.find('alice')).toBeUndefined()
  })

  it('does not let in or find who is disabled', async () => {
    expect(await accounts.authenticate('dave', password)).toBeUndefined()
    expect(await accounts.find('id-of-dave')).toBeUndefined()
  })

  it('is followed from one question to the next', async () => {
    await file.replace([storedAccount('carol', { scopes: [] }), storedAccount('dave'), storedAccount('erin')])
    expect((await accounts.find('id-of-carol'))?.scopes).toEqual([])
    expect(await accounts.authenticate('dave', password)).toMatchObject({ id: 'id-of-dave' })
    await file.replace([storedAccount('erin', { id: 'another' })])
    expect(await accounts.find('id-of-carol')).toBeUndefined()
    expect(await accounts.find('id-of-erin')).toBeUndefined()
    expect(events.map(({ account, reason }) => `${account} ${reason}`)).toEqual([
      'carol scopes',
      'dave enabled',
      'erin added',
      'erin added',
      'carol removed',
      'dave removed',
      'erin removed',
    ])
  })

  it.each<[string, () => Promise<void>]>([
    ['is broken', () => writeFile(file.path, '{"accounts":[{"passwordHash":"CANARY"}')],
    ['holds something else', () => writeFile(file.path, '{"accounts":[{"passwordHash":"CANARY"}]}')],
    ['can be written by all', () => chmod(file.path, 0o666)],
    ['is gone', () => rm(file.path)],
  ])('that %s changes nothing, is logged once, and is read again when it is mended', async (_what, edit) => {
    const logged = log.records().length
    await edit()
    for (let times = 0; times < 3; times++) expect(await accounts.find('id-of-carol')).toBeDefined()
    expect(log.records().slice(logged)).toMatchObject([{ level: 50, err: { type: 'AccountsFileError' } }])
    expect(log.text()).not.toContain('CANARY')
    await file.replace([storedAccount('erin')])
    expect(await accounts.find('id-of-erin')).toBeDefined()
    expect(await accounts.find('id-of-carol')).toBeUndefined()
  })

  it('that cannot be used at the start is a problem of ACCOUNTS', async () => {
    await file.replace([storedAccount('carol', { scopes: ['root'], id: '' })])
    expect(() => open(file.path)).toThrow(ConfigError)
    expect(() => open(file.path)).toThrow(/ACCOUNTS +line \d+: accounts\.0\.id/)
    expect(() => open(file.path)).toThrow(/ACCOUNTS +line \d+: accounts\.0\.scopes\.0/)
  })
})
