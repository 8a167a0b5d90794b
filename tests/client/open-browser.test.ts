import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openBrowser } from '../../client/open-browser.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'browser-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A launcher that writes down its arguments, one a line. */
async function installLauncher(name: string): Promise<void> {
  const log = join(folder, 'arguments')
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${log}.draft'\nmv '${log}.draft' '${log}'\n`
  await writeFile(join(folder, name), script)
  await chmod(join(folder, name), 0o755)
}

/** Resolves when the launcher, a process of its own, has written them. */
async function readArguments(): Promise<readonly string[]> {
  for (;;) {
    const text = await readFile(join(folder, 'arguments'), 'utf8').catch(() => undefined)
    if (text !== undefined) return text.trimEnd().split('\n')
    await setImmediate()
  }
}

describe('openBrowser', () => {
  it.each([
    ['linux', 'xdg-open', []],
    ['darwin', 'open', []],
    ['win32', 'rundll32', ['url.dll,FileProtocolHandler']],
  ] as const)(
    'gives the URL to the launcher of %s as one argument, read by no shell (attack 39)',
    async (platform, name, first) => {
      await installLauncher(name)
      const url = new URL('https://idp.example/authorize?a=1&calc&b=$(id)`id`;id|id')
      expect(await openBrowser(url, { platform, env: { PATH: `${folder}:/usr/bin:/bin` } })).toBe(true)
      expect(await readArguments()).toEqual([...first, url.href])
    },
  )

  it('gives no secret of this program to the browser, which lives on', async () => {
    const log = join(folder, 'arguments')
    await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\nenv > '${log}.draft'\nmv '${log}.draft' '${log}'\n`)
    await chmod(join(folder, 'xdg-open'), 0o755)
    const names = ['TOKEN_STORE_PASSPHRASE', 'CLIENT_SECRET', 'RESOURCE_CLIENT_SECRET', 'IDP_CLIENT_SECRET']
    const more = ['ACCESS_TOKEN', 'REGISTRATION_TOKEN', 'STORE_KEY', 'COOKIE_KEYS']
    const secrets = Object.fromEntries([...names, ...more].map((name) => [name, 'a-secret']))
    const env = { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ':1', ...secrets }
    expect(await openBrowser(new URL('https://idp.example/'), { platform: 'linux', env })).toBe(true)
    const given = await readArguments()
    expect(given).toContain('DISPLAY=:1')
    expect(given.join()).not.toContain('a-secret')
  })

  it('says so when there is nothing to open it with', async () => {
    const system = { platform: 'linux', env: { PATH: folder } } as const
    expect(await openBrowser(new URL('https://idp.example/'), system)).toBe(false)
  })

  it('says so when the launcher has found no browser', async () => {
    await writeFile(join(folder, 'xdg-open'), '#!/bin/sh\nexit 3\n')
    await chmod(join(folder, 'xdg-open'), 0o755)
    const system = { platform: 'linux', env: { PATH: `${folder}:/usr/bin:/bin` } } as const
    expect(await openBrowser(new URL('https://idp.example/'), system)).toBe(false)
  })

  it('takes a launcher that becomes the browser for an open one', async () => {
    await writeFile(join(folder, 'xdg-open'), '#!/bin/sh\nexec sleep 3\n')
    await chmod(join(folder, 'xdg-open'), 0o755)
    const system = { platform: 'linux', env: { PATH: `${folder}:/usr/bin:/bin` } } as const
    expect(await openBrowser(new URL('https://idp.example/'), system)).toBe(true)
  })

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://idp.example/', 'mailto:a@b'])(
    'refuses %s (attack 39)',
    async (url) => {
      const system = { platform: 'linux', env: { PATH: folder } } as const
      await expect(openBrowser(new URL(url), system)).rejects.toThrow(/authorization endpoint/)
    },
  )
})
