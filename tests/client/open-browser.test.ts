import { chmod, mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

async function readArguments(
  written: AsyncIterable<{ filename: string | null }>,
): Promise<readonly string[]> {
  for await (const { filename } of written) if (filename === 'arguments') break
  return (await readFile(join(folder, 'arguments'), 'utf8')).trimEnd().split('\n')
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
      const written = watch(folder, { signal: AbortSignal.timeout(5_000) })
      const url = new URL('https://idp.example/authorize?a=1&calc&b=$(id)`id`;id|id')
      expect(await openBrowser(url, { platform, env: { PATH: `${folder}:/usr/bin:/bin` } })).toBe(true)
      expect(await readArguments(written)).toEqual([...first, url.href])
    },
  )

  it('says so when there is nothing to open it with', async () => {
    const system = { platform: 'linux', env: { PATH: folder } } as const
    expect(await openBrowser(new URL('https://idp.example/'), system)).toBe(false)
  })

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'http://idp.example/', 'mailto:a@b'])(
    'refuses %s (attack 39)',
    async (url) => {
      const system = { platform: 'linux', env: { PATH: folder } } as const
      await expect(openBrowser(new URL(url), system)).rejects.toThrow(/authorization endpoint/)
    },
  )
})
