import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keychain-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs a shell script in a desktop session of its own, whose keychain is a real GNOME keyring. */
async function inSession(script: string): Promise<string> {
  const unlock = 'echo -n secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1'
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_RUNTIME_DIR: folder }
  const session = spawn('dbus-run-session', ['--', 'sh', '-ec', `${unlock}\n${script}`], { env })
  const [stdout, stderr, [code]] = await Promise.all([
    text(session.stdout),
    text(session.stderr),
    once(session, 'exit'),
  ])
  if (code !== 0) throw new Error(`${code}: ${stderr}`)
  return stdout
}

const node = (...args: readonly string[]) =>
  [process.execPath, 'tests/support/store-user.ts', folder, ...args].map((word) => `'${word}'`).join(' ')

describe('the token file where there is a keychain', () => {
  it('has its key there and nowhere else: another process opens it, and without the keychain nobody does', async () => {
    const seen = await inSession(`${node('save')}; ${node('read')}`)
    expect(seen).toBe('saved\nopened an-access-token\n')
    const file = await readFile(join(folder, 'tokens.sealed.json'), 'utf8')
    expect(JSON.parse(file).key).toEqual({ source: 'keychain', account: expect.any(String) })
    const outside = spawn(process.execPath, ['tests/support/store-user.ts', folder, 'read'], {
      env: { PATH: process.env.PATH, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere', HOME: folder },
    })
    expect(await text(outside.stdout)).toBe(
      'The keychain that holds the key of the token file does not answer.\n',
    )
    expect(await readFile(join(folder, 'tokens.sealed.json'), 'utf8')).toBe(file)
  })
})
