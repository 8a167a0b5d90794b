import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openStore } from '../../../provider/storage/open-storage.ts'
import { SqliteStore } from '../../../provider/storage/sqlite-store.ts'
import { findFreePort } from '../../support/programs.ts'
import { authorizationRequest, Browser, introspect, obtainTokens } from '../../support/sign-in.ts'
import { testStoreKey } from '../../support/storages.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  file = join(folder, 'state.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the SQLite file', () => {
  it('is not made by the check, to which a wrong path would look healthy', async () => {
    await expect(checkStore({ store: `sqlite:${file}`, storeKeys: [testStoreKey] })).rejects.toThrow(
      `STORE: there is no file ${file}.`,
    )
    expect(existsSync(file)).toBe(false)
  })

  it('can be read by nobody else, whatever the umask and its mode before', async () => {
    const modes = () =>
      ['', '-wal', '-shm'].map((suffix) => (statSync(`${file}${suffix}`).mode & 0o777).toString(8))
    const before = process.umask(0)
    try {
      const made = new SqliteStore(file)
      await made.set({ key: 'a', value: 'b' })
      expect(modes()).toEqual(['600', '600', '600'])
      made.close()
      chmodSync(file, 0o664)
      const again = new SqliteStore(file)
      await again.set({ key: 'a', value: 'c' })
      expect(modes()).toEqual(['600', '600', '600'])
      again.close()
    } finally {
      process.umask(before)
    }
  })

  it('is refused in words when it is something else', async () => {
    writeFileSync(
      file,
      'a letter to grandmother, and longer than any header of a database would be '.repeat(9),
    )
    await expect(openStore(`sqlite:${file}`)).rejects.toThrow(/cannot be used \(file is not a database\)/)
    await expect(openStore(`sqlite:${folder}/none/state.db`)).rejects.toThrow(/unable to open database file/)
  })

  it('is as large after a second round of entries that have expired as after the first', async () => {
    let now = 1_000_000
    const store = new SqliteStore(file, () => now)
    const size = async () => {
      for (let index = 0; index < 5000; index += 500) {
        await Promise.all(
          Array.from({ length: 500 }, (_, i) =>
            store.set({ key: `AccessToken:${now}-${index + i}`, value: 'x'.repeat(400), ttlMs: 60_000 }),
          ),
        )
      }
      now += 60_000
      expect(store.report().expired).toBe(5000)
      while (await store.sweep());
      expect(store.report()).toMatchObject({ rows: {}, expired: 0 })
      return statSync(file).size + statSync(`${file}-wal`).size
    }
    const first = await size()
    expect(await size()).toBeLessThanOrEqual(first * 1.02)
    store.close()
  })

  it('is written through to the disk before anything is answered (power loss)', () => {
    const store = new SqliteStore(file)
    expect(store.report().durability).toEqual([
      { setting: 'journal_mode', value: 'wal' },
      { setting: 'synchronous', value: 'FULL' },
    ])
    store.close()
  })

  it('that cannot grow means 5xx for what must be written, and reads go on (disk full)', async () => {
    const port = await findFreePort()
    const issuer = `http://localhost:${port}`
    const env = {
      ISSUER: issuer,
      STORE: `sqlite:${file}`,
      STORE_KEY: testStoreKey,
      LOG_LEVEL: 'silent',
      RATE_LIMIT_ANONYMOUS: '9999',
    }
    // No file may grow beyond 600 kB.
    const run = 'ulimit -f 600; exec "$0" -r ./runtime/require-node.cjs provider/main.ts'
    const child = spawn('bash', ['-c', run, process.execPath], {
      env: { PATH: process.env.PATH, PORT: `${port}`, ...env },
    })
    try {
      await once(child.stdout, 'data')
      const target = { issuer, config: loadConfig({ ...env, PORT: `${port}` }, 'provider') }
      const { body } = await obtainTokens(target, 'alice')
      let status = 200
      for (let attempt = 0; attempt < 500 && status < 500; attempt += 1) {
        status = (await new Browser().open(authorizationRequest(target, { state: 's'.repeat(3500) }).url))
          .status
      }
      expect(status).toBe(500)
      expect((await introspect(target, body.access_token)).body).toMatchObject({ active: true })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
})
