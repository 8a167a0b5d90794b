import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openStorage, openStore } from '../../../provider/storage/open-storage.ts'
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

  it.each([
    ['removed', () => rmSync(file)],
    [
      'replaced',
      () =>
        [`${file}`, `${file}-wal`].forEach((name) => {
          renameSync(name, `${name}.old`)
          writeFileSync(name, '')
        }),
    ],
    ['left without its log', () => rmSync(`${file}-wal`)],
  ])('that was %s while it was open takes no writes, and is not ready', async (_what, harm) => {
    const storage = await openStorage(`sqlite:${file}`, { keys: [testStoreKey] })
    await storage.set('Client:kept', true)
    await expect(storage.check()).resolves.toBeUndefined()
    harm()
    const reason = /removed or replaced while it was open; restart the program/
    await expect(storage.set('Client:lost', true)).rejects.toThrow(reason)
    await expect(storage.get('Client:kept')).rejects.toThrow(reason)
    await expect(storage.check()).rejects.toThrow(reason)
    await storage.close()
  })

  it('that another process holds locked is not ready meanwhile, and ready afterwards', async () => {
    const storage = await openStorage(`sqlite:${file}`, { keys: [testStoreKey] })
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(storage.check()).rejects.toThrow(/^STORE: [^\n]+\(database is locked[^\n]*\)\.$/)
    other.exec('ROLLBACK')
    other.close()
    await expect(storage.check()).resolves.toBeUndefined()
    await storage.close()
  })

  it('that its user may only read is refused at the start in one sentence, by the check as well', async () => {
    await (await openStorage(`sqlite:${file}`, { keys: [testStoreKey] })).close()
    chmodSync(folder, 0o555)
    chmodSync(file, 0o444)
    const args = ['-r', './runtime/require-node.cjs', 'provider/main.ts']
    // Root may write everywhere.
    const asUser = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath]
    const env = { PATH: process.env.PATH ?? '', STORE: `sqlite:${file}`, STORE_KEY: testStoreKey }
    const run = (more: readonly string[]) =>
      process.getuid?.() === 0
        ? spawn('setpriv', [...asUser, ...args, ...more], { env })
        : spawn(process.execPath, [...args, ...more], { env })
    for (const more of [['--check-store'], []]) {
      const child = run(more)
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text) => {
        said += text
      })
      // It would serve.
      child.stdout.once('data', () => child.kill('SIGKILL'))
      const [code] = await once(child, 'close')
      expect(said).toMatch(/^STORE: the file cannot be used \([^\n]+\)\.\n$/)
      expect(code).toBe(1)
    }
    chmodSync(folder, 0o755)
  })

  it('that cannot grow means 5xx for what must be written, and reads go on (disk full)', async () => {
    const [port, metricsPort] = [await findFreePort(), await findFreePort()]
    const issuer = `http://localhost:${port}`
    const env = {
      ISSUER: issuer,
      STORE: `sqlite:${file}`,
      STORE_KEY: testStoreKey,
      LOG_LEVEL: 'silent',
      RATE_LIMIT_ANONYMOUS: '9999',
      METRICS_PORT: `${metricsPort}`,
    }
    const ready = async () => {
      const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`)
      return `${answer.status} ${await answer.text()}`
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
      expect(await ready()).toBe('200 ready\n')
      let status = 200
      for (let attempt = 0; attempt < 500 && status < 500; attempt += 1) {
        status = (await new Browser().open(authorizationRequest(target, { state: 's'.repeat(3500) }).url))
          .status
      }
      expect(status).toBe(500)
      expect(await ready()).toMatch(/^503 not ready: STORE: [^\n]+\n$/)
      expect((await introspect(target, body.access_token)).body).toMatchObject({ active: true })
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
})
