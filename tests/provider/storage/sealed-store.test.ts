import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClient } from '@redis/client'
import { Client } from 'pg'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import { SqliteStore } from '../../../provider/storage/sqlite-store.ts'
import { obtainTokens, refresh } from '../../support/sign-in.ts'
import { startProvider } from '../../support/start-provider.ts'
import { describeWithStorages, testStoreKey, unique } from '../../support/storages.ts'

/** Everything that lies in the store, as text. */
async function dump(url: string): Promise<string> {
  if (url.startsWith('sqlite:')) {
    const file = url.slice('sqlite:'.length)
    return [file, `${file}-wal`].map((name) => readFileSync(name, 'latin1')).join('')
  }
  if (url.startsWith('redis')) {
    const client = await createClient({ url }).connect()
    const texts: string[] = []
    for await (const keys of client.scanIterator({ MATCH: 'gatehouse:*', COUNT: 1000 })) {
      for (const key of keys) {
        const type = await client.type(key)
        texts.push(key, JSON.stringify(type === 'hash' ? await client.hGetAll(key) : await client.get(key)))
      }
    }
    client.destroy()
    return texts.join('\n')
  }
  const client = new Client({ connectionString: url })
  await client.connect()
  const tables = ['gatehouse_entry', 'gatehouse_member', 'gatehouse_count', 'gatehouse_schema']
  const rows: unknown[] = []
  for (const table of tables) rows.push((await client.query(`TABLE ${table}`)).rows)
  await client.end()
  return JSON.stringify(rows)
}

describeWithStorages(
  'what is stolen',
  ({ url }) => {
    it('holds no token, code, user name, client or identifier after a sign-in and a refresh (attack 47)', async () => {
      const clientId = `canary-client-${unique()}`
      const env = { STORE: url(), STORE_KEY: testStoreKey, CLIENT_ID: clientId }
      const running = await startProvider({ env })
      const offline = { scope: 'openid read offline_access', prompt: 'consent', client_id: clientId }
      const { body } = await obtainTokens(running, 'alice', offline)
      const refreshed = await refresh(running, body.refresh_token)
      expect(refreshed.status).toBe(200)
      const registered = await fetch(`${running.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: 'Canary App',
          redirect_uris: ['https://canary.example/callback'],
        }),
      })
      expect(registered.status).toBe(201)
      const stolen = await dump(url())
      await running.stop()
      expect(stolen).toContain('AccessToken:')
      const tokens = [body, refreshed.body].flatMap((one) => [one.access_token, one.refresh_token])
      const { client_id: registeredId } = await registered.json()
      for (const secret of [...tokens, clientId, registeredId]) expect(stolen).not.toContain(String(secret))
      // Not within a word: among so many random letters five of them do come up.
      expect(stolen).not.toMatch(
        /(?<![\w-])alice|[Cc]anary|accountId|redirect_uri|"kty"|offline_access|localhost/,
      )
    })
  },
  ['sqlite', 'redis', 'postgres'],
)

describe('a sealed store', () => {
  let folder = ''
  let url = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
    url = `sqlite:${join(folder, 'state.db')}`
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const [old, current] = ['old-'.repeat(10), 'new-'.repeat(10)]

  it('does not open with another key, and says so in one line', async () => {
    await (await openStorage(url, { keys: [old] })).close()
    await expect(openStorage(url, { keys: [current] })).rejects.toThrow(
      /^STORE_KEY does not fit this store: it was written with another key\. .*$/,
    )
  })

  it('takes a new key in front of the old one, and needs the new one alone for what has been read since', async () => {
    const before = await openStorage(url, { keys: [old] })
    await before.set('Client:read', 'kept', 60_000)
    await before.set('Client:unread', 'kept', 60_000)
    await before.addMember('AccountGrants:alice', 'grant')
    await before.close()
    const both = { store: url, storeKeys: [current, old] }
    const during = await openStorage(url, { keys: [current, old] })
    expect((await checkStore(both)).underOlderKeys).toBe(3)
    expect(await during.get('Client:read')).toBe('kept')
    expect(await during.members('AccountGrants:alice')).toEqual(['grant'])
    expect((await checkStore(both)).underOlderKeys).toBe(2)
    await during.addMember('AccountGrants:alice', 'grant')
    expect((await checkStore(both)).underOlderKeys).toBe(1)
    await during.close()
    const after = await openStorage(url, { keys: [current] })
    expect(await after.get('Client:read')).toBe('kept')
    expect(await after.members('AccountGrants:alice')).toEqual(['grant'])
    await expect(after.get('Client:unread')).rejects.toThrow('a key that is not in STORE_KEY')
    await after.close()
  })

  it('refuses entries that were exchanged or changed (attack 47)', async () => {
    const storage = await openStorage(url, { keys: [current] })
    await storage.set('Grant:alice', { scope: 'read' })
    await storage.set('Grant:admin', { scope: 'admin' })
    const thief = new DatabaseSync(url.slice('sqlite:'.length))
    const rows = thief.prepare("SELECT key, value FROM gatehouse_entry WHERE key LIKE 'Grant:%'").all()
    const [one, other] = rows as { key: string; value: string }[]
    const put = thief.prepare('UPDATE gatehouse_entry SET value = ? WHERE key = ?')
    put.run(other?.value ?? '', one?.key ?? '')
    put.run(`${one?.value.slice(0, -2)}AA`, other?.key ?? '')
    thief.close()
    await expect(storage.get('Grant:alice')).rejects.toThrow('was changed, or belongs elsewhere')
    await expect(storage.get('Grant:admin')).rejects.toThrow('was changed, or belongs elsewhere')
    await storage.close()
  })

  it('refuses entries of another kind, under another identifier and in another set (attack 47)', async () => {
    const storage = await openStorage(url, { keys: [current] })
    await storage.set('AccessToken:one', { scope: 'read' })
    await storage.set('RefreshToken:other', { scope: 'admin' })
    await storage.addMember('AccountGrants:alice', 'grant')
    await storage.addMember('AccountGrants:mallory', 'other')
    const thief = new DatabaseSync(url.slice('sqlite:'.length))
    thief.exec(`INSERT INTO gatehouse_entry SELECT replace(key, 'RefreshToken:', 'AccessToken:'), value, NULL
      FROM gatehouse_entry WHERE key LIKE 'RefreshToken:%'`)
    thief.exec(`UPDATE gatehouse_entry SET key = 'AccessToken:x' || substr(key, 14)
      WHERE key LIKE 'AccessToken:%' AND NOT EXISTS (SELECT 1 FROM gatehouse_entry other
        WHERE other.key = replace(gatehouse_entry.key, 'AccessToken:', 'RefreshToken:'))`)
    thief.exec('UPDATE gatehouse_member SET name = (SELECT max(name) FROM gatehouse_member)')
    thief.close()
    await expect(storage.get('AccessToken:other')).rejects.toThrow('was changed, or belongs elsewhere')
    expect(await storage.get('AccessToken:one')).toBeUndefined()
    const sets = await Promise.allSettled(
      ['AccountGrants:alice', 'AccountGrants:mallory'].map((set) => storage.members(set)),
    )
    expect(sets.map((set) => (set.status === 'fulfilled' ? set.value : String(set.reason))).sort()).toEqual([
      [],
      expect.stringContaining('was changed, or belongs elsewhere'),
    ])
    await storage.close()
  })

  it('that a newer program has migrated is left alone, in one line', () => {
    new SqliteStore(url.slice('sqlite:'.length)).close()
    const newer = new DatabaseSync(url.slice('sqlite:'.length))
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(() => new SqliteStore(url.slice('sqlite:'.length))).toThrow(
      /^STORE: the store has schema version 99 and this program knows \d+: start the newer program\.$/,
    )
  })

  it('has a key of its own beside it in development, which nobody else may read', async () => {
    await (await openStorage(url)).close()
    const [key = ''] = readdirSync(folder).filter((name) => name.endsWith('.key'))
    expect(statSync(join(folder, key)).mode & 0o777).toBe(0o600)
    const again = await openStorage(url)
    await expect(again.check()).resolves.toBeUndefined()
    await again.close()
  })
})
