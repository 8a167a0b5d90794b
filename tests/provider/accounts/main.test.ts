import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createAccounts } from '../../../provider/accounts/accounts.ts'
import { readAccountsFile, toAccount } from '../../../provider/accounts/accounts-file.ts'
import {
  createAccountsFile,
  password,
  storedAccount,
  type TestAccountsFile,
} from '../../support/accounts-file.ts'

let file: TestAccountsFile
beforeEach(async () => {
  file = await createAccountsFile([storedAccount('carol')])
})
afterEach(() => file.remove())

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(args: readonly string[], env: Record<string, string> = { ACCOUNTS: file.path }) {
  return spawn(process.execPath, ['provider/accounts/main.ts', ...args], {
    env: { PATH: process.env.PATH, ...env },
  })
}

async function run(args: readonly string[], input = '', env?: Record<string, string>): Promise<Ended> {
  const child = start(args, env)
  child.stdin.end(input)
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: code as number | null, out, err }
}

const stored = () => readAccountsFile(file.path)
const signsIn = async (name: string, secret: string) =>
  (await createAccounts(stored().map(toAccount)).authenticate(name, secret)) !== undefined

describe('npm run accounts', () => {
  it('adds somebody under an identifier of 128 random bits, with the first line of standard input for a password', async () => {
    const answer = await run(
      ['add', 'dave', '--scopes', 'write,read', '--name', 'Dave D.'],
      `${password}!\nmore\n`,
    )
    expect(answer).toEqual({ code: 0, out: 'dave can sign in, with read, write.\n', err: '' })
    expect(stored()[1]).toMatchObject({ username: 'dave', name: 'Dave D.', scopes: ['read', 'write'] })
    expect(stored()[1]?.id).toMatch(/^[\w-]{22}$/)
    expect(await signsIn('dave', `${password}!`)).toBe(true)
    expect(await signsIn('carol', password)).toBe(true)
  })

  it('makes a file that nobody else can read, and leaves an existing one as readable as it was', async () => {
    const fresh = `${file.path}.fresh`
    await run(['add', 'dave', '--scopes', 'read', '--file', fresh], password)
    expect((await stat(fresh)).mode & 0o777).toBe(0o600)
    await chmod(file.path, 0o640)
    await symlink(file.path, `${file.path}.link`)
    await run(['disable', 'carol', '--file', `${file.path}.link`])
    expect((await stat(file.path)).mode & 0o777).toBe(0o640)
    expect(stored()[0]?.disabled).toBe(true)
  })

  it('loses nothing when six run at once', async () => {
    const names = Array.from({ length: 6 }, (_, index) => `name-${index}`)
    const answers = await Promise.all(names.map((name) => run(['add', name, '--scopes', 'read'], password)))
    expect(answers.map(({ code }) => code)).toEqual(names.map(() => 0))
    expect(
      stored()
        .map(({ username }) => username)
        .sort(),
    ).toEqual(['carol', ...names])
  })

  it('ends with 1 when it cannot be done, and with 2 when it was not understood', async () => {
    const before = await readFile(file.path, 'utf8')
    const refused = await run(['passwd', 'carol'], 'password123')
    expect(refused).toEqual({ code: 1, out: '', err: expect.stringContaining('shorter than 15 characters') })
    expect(refused.err).not.toMatch(/ at |password123|\$argon2/)
    expect(await readFile(file.path, 'utf8')).toBe(before)
    const misunderstood = await run(['list', '--force'])
    expect(misunderstood).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('Usage: npm run accounts'),
    })
    expect(await run(['--help'], '', {})).toMatchObject({
      code: 0,
      out: expect.stringContaining('set-scopes'),
    })
  })
})

/** Runs the program in a terminal of its own. `script` belongs to Debian's base system. */
function terminal(args: readonly string[]): {
  child: ChildProcessWithoutNullStreams
  seen: () => string
  until(words: string): Promise<void>
} {
  const command = [process.execPath, 'provider/accounts/main.ts', ...args].join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env.PATH, ACCOUNTS: file.path, TERM: 'xterm' },
  })
  let seen = ''
  child.stdout.on('data', (chunk) => {
    seen += chunk
  })
  return {
    child,
    seen: () => seen,
    async until(words) {
      while (!seen.includes(words)) await once(child.stdout, 'data')
    },
  }
}

// The terminal is made by util-linux's `script`; elsewhere that takes other options.
const inTerminal = process.platform === 'linux' ? it : it.skip

describe('in a terminal', () => {
  inTerminal('asks for the password twice and shows none of it', async () => {
    const { child, seen, until } = terminal(['add', 'dave', '--scopes', 'read'])
    await until('Password: ')
    child.stdin.write('pâté à la carte, twice\r')
    await until('The same again: ')
    child.stdin.write('pâté à la cartee\x7f, twice\r')
    await until('dave can sign in')
    expect(seen()).not.toMatch(/carte|\*/)
    expect(await signsIn('dave', 'pâté à la carte, twice')).toBe(true)
  })

  inTerminal('changes nothing when the two differ, or at Ctrl-C', async () => {
    const before = await readFile(file.path, 'utf8')
    const differing = terminal(['passwd', 'carol'])
    await differing.until('Password: ')
    differing.child.stdin.write('another horse battery\r')
    await differing.until('The same again: ')
    differing.child.stdin.write('another horse batterie\r')
    await differing.until('are not the same')
    expect(await once(differing.child, 'close')).toEqual([1, null])
    const interrupted = terminal(['passwd', 'carol'])
    await interrupted.until('Password: ')
    interrupted.child.stdin.write('another\x03')
    expect(await once(interrupted.child, 'close')).toEqual([130, null])
    expect(await readFile(file.path, 'utf8')).toBe(before)
  })
})
