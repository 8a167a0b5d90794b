import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import { openSharedState } from '../../../resource-server/state/shared-state.ts'
import { type OwnServer, startOwnPostgres } from '../../support/own-servers.ts'
import { createOwnStore, type OwnStore } from '../../support/own-store.ts'
import { killPrograms, startProgram } from '../../support/programs.ts'
import { describeWithPostgres } from '../../support/real-stores.ts'
import { testStoreKey } from '../../support/storages.ts'

/** What both servers and the check say at their start, or undefined where they start. */
async function sentences(url: string): Promise<readonly (string | undefined)[]> {
  const said = (error: Error) => error.message
  return Promise.all([
    openStorage(url, { keys: [testStoreKey] }).then((storage) => storage.close(), said),
    checkStore({ store: url, storeKeys: [testStoreKey] }).then(() => undefined, said),
    openSharedState(url).then((state) => state.close(), said),
  ]) as Promise<readonly (string | undefined)[]>
}

async function ask(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client(url)
  await client.connect()
  for (const sql of statements) await client.query(sql)
  await client.end()
}

/** The same database for another user. */
function as(user: string, url: string): string {
  const changed = new URL(url)
  changed.username = user
  return changed.href
}

afterAll(killPrograms)

describeWithPostgres('a PostgreSQL that cannot work', (_shared) => {
  let server: OwnServer
  let own: OwnStore
  beforeAll(async () => {
    server = await startOwnPostgres()
    await ask(
      server.url,
      'CREATE ROLE reader LOGIN',
      'CREATE ROLE worker LOGIN',
      'CREATE ROLE crowded LOGIN CONNECTION LIMIT 0',
      'CREATE ROLE readonly LOGIN SUPERUSER',
      'ALTER ROLE readonly SET default_transaction_read_only = on',
      'CREATE ROLE lost LOGIN',
      'ALTER ROLE lost SET search_path = nowhere',
    )
  })
  afterAll(() => server.remove())
  beforeEach(async () => {
    await own?.drop()
    own = await createOwnStore({ name: 'Postgres', url: server.url })
  })

  const made = async () => {
    await (await openStorage(own.url, { keys: [testStoreKey] })).close()
    await (await openSharedState(own.url)).close()
  }

  it.each<[string, RegExp, () => Promise<string> | string]>([
    ['of another database', /no database of that name, 3D000; \S/, () => `${own.url}_of_nobody`],
    [
      'that may not make tables',
      /may not make, read or change the tables, 42501; \S/,
      () => as('reader', own.url),
    ],
    [
      'that may not change the tables',
      /may not make, read or change the tables, 42501; \S/,
      async () => {
        await made()
        await ask(own.url, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader')
        return as('reader', own.url)
      },
    ],
    ['that has no connection left', /takes no more connections, 53300; \S/, () => as('crowded', own.url)],
    ['that may only read', /it is read-only[^\n]+, 25006; \S/, () => as('readonly', own.url)],
    [
      'that may only read what is there',
      /it is read-only[^\n]+, 25006; \S/,
      async () => {
        await made()
        return as('readonly', own.url)
      },
    ],
    ['whose search path leads nowhere', /search_path[^\n]+, 3F000; \S/, () => as('lost', own.url)],
    ['that does not exist', /does not let this user in, 28000; \S/, () => as('stranger', own.url)],
    [
      'beside tables that others made',
      /another layout, 42\w{3}; \S/,
      async () => {
        await ask(
          own.url,
          'CREATE TABLE gatehouse_entry (name text)',
          'CREATE TABLE gatehouse_dpop_proof (name text)',
          'CREATE TABLE gatehouse_rate (name text)',
        )
        return own.url
      },
    ],
    [
      'whose tables lost a column',
      /another layout, 42\w{3}; \S/,
      async () => {
        await made()
        await ask(
          own.url,
          'ALTER TABLE gatehouse_count DROP COLUMN points',
          'ALTER TABLE gatehouse_rate DROP COLUMN points',
        )
        return own.url
      },
    ],
  ])('is refused at the start of a user %s, in one sentence', async (_what, pattern, prepare) => {
    const url = await prepare()
    for (const sentence of await sentences(url)) {
      expect(sentence).toMatch(/^(REPLAY_)?STORE: postgres:\/\/127\.0\.0\.1:\d+ cannot be used \([^\n]+\)\.$/)
      expect(sentence).toMatch(pattern)
    }
  })

  it('is refused when the tables of its schema were dropped, in one sentence', async () => {
    await made()
    await ask(own.url, 'DROP TABLE gatehouse_member')
    const [storage, check] = await sentences(own.url)
    for (const sentence of [storage, check]) {
      expect(sentence).toMatch(/^STORE: \S+ cannot be used \(a table is missing, 42P01; [^\n]+\)\.$/)
    }
  })

  it('is used by a user who may not make tables where they are there', async () => {
    await made()
    await ask(own.url, 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker')
    expect(await sentences(as('worker', own.url))).toEqual([undefined, undefined, undefined])
  })

  it('refuses another STORE_KEY in one sentence, the check included', async () => {
    await made()
    const other = { store: own.url, storeKeys: ['of another store '.repeat(3)] }
    const sentence = /^STORE_KEY does not fit this store: [^\n]+$/
    await expect(checkStore(other)).rejects.toThrow(sentence)
    await expect(openStorage(own.url, { keys: other.storeKeys })).rejects.toThrow(sentence)
  })

  it('is refused when it is older than ON CONFLICT, in one sentence', async () => {
    const old = await startOldPostgres()
    for (const sentence of await sentences(old.url)) {
      expect(sentence).toMatch(/STORE: \S+ cannot be used \(it is PostgreSQL 9\.4[^\n]+\)\.$/)
    }
    await old.stop()
  })

  it.each([
    ['provider/main.ts', ['--check-store'], 'STORE'],
    ['provider/main.ts', [], 'STORE'],
    ['resource-server/main.ts', [], 'REPLAY_STORE'],
  ])('ends %s %j with 1 and one line', async (main, args, variable) => {
    const url = as('readonly', own.url).replace('@', ':canary@')
    const { code, stdout, stderr } = await startProgram(
      main,
      { [variable]: url, STORE_KEY: testStoreKey },
      args,
    ).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      new RegExp(`^${variable}: postgres://127\\.0\\.0\\.1:\\d+ cannot be used \\([^\\n]+\\)\\.\\n$`),
    )
    expect(stderr).not.toContain('canary')
  })
})

/** A message of the protocol: its type, its length, its content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length + 4)
  return Buffer.concat([Buffer.from(type), length, content])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

/** Lets everybody in, and answers every query with the number of PostgreSQL 9.4. */
async function startOldPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const ready = message('Z', Buffer.from('I'))
  const column = (name: string) =>
    Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(6), Buffer.from([0, 0, 0, 25]), Buffer.alloc(8)])
  const value = (text: string) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(text.length)
    return Buffer.concat([length, Buffer.from(text)])
  }
  const row = Buffer.concat([
    message('T', Buffer.concat([int16(2), column('pid'), column('version')])),
    message('D', Buffer.concat([int16(2), value('1'), value('90426')])),
    message('C', Buffer.from('SELECT 1\0')),
    ready,
  ])
  const server = createServer((socket) => {
    let welcomed = false
    socket.on('error', () => {})
    socket.on('data', () => {
      socket.write(welcomed ? row : Buffer.concat([message('R', Buffer.alloc(4)), ready]))
      welcomed = true
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `postgres://gatehouse@127.0.0.1:${port}/postgres`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}
