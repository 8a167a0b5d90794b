import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { findBrowser } from './browser.ts'

const aptGet = '/usr/bin/apt-get'

/**
 * Jest's global set-up: installs Chromium where there is no browser and that can be done, once.
 * Elsewhere the tests that need a browser fail and say what to install.
 */
export default function installBrowser(): void {
  const isRoot = process.getuid?.() === 0
  if (findBrowser() !== undefined || !isRoot || !existsSync(aptGet)) return
  process.stderr.write('There is no browser for the tests yet: installing Chromium with apt-get …\n')
  const failed = [['update'], ['install', '-y', '--no-install-recommends', 'chromium']].some((args) => {
    const { status } = spawnSync(aptGet, args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      // Jest's own output goes to standard output.
      stdio: ['ignore', 2, 2],
    })
    return status !== 0
  })
  if (failed)
    process.stderr.write('Chromium could not be installed: the tests that need a browser will fail.\n')
}
