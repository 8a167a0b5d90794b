import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openStore } from '../../../provider/storage/open-storage.ts'
import { openSharedState } from '../../../resource-server/state/shared-state.ts'
import { listen } from '../../../runtime/listen.ts'
import { askRedis } from '../../support/ask-redis.ts'
import { startOwnCluster } from '../../support/own-cluster.ts'
import { type OwnServer, startOwnRedis } from '../../support/own-servers.ts'
import { findFreePort, killPrograms, startProgram } from '../../support/programs.ts'
import { testStoreKey } from '../../support/storages.ts'

afterAll(killPrograms)

/** What keeps both programs from starting. @returns both messages */
async function refusals(url: string): Promise<readonly [string, string]> {
  const message = (opening: Promise<{ close(): unknown }>) =>
    opening.then(
      async (opened) => {
        await opened.close()
        return 'opened'
      },
      (error: Error) => `${error.name}: ${error.message}`,
    )
  return [await message(Promise.resolve(openStore(url))), await message(openSharedState(url))]
}

/** One sentence: where, why, and what to do; no password. */
function expectSentences([store, state]: readonly [string, string], why: RegExp): void {
  expect(store).toMatch(/^StorageError: STORE: [\w+]+:\/\/[^ \n]+ cannot be used \([^\n]+; [^\n]+\)\.$/)
  expect(state).toMatch(
    /^SharedStateError: REPLAY_STORE: [\w+]+:\/\/[^ \n]+ cannot be used \([^\n]+; [^\n]+\)\.$/,
  )
  expect(store).toMatch(why)
  expect(state).toMatch(why)
  expect(store + state).not.toContain('canary')
}

describe('a Redis that cannot work is refused at the start in one sentence', () => {
  let server: OwnServer
  beforeAll(async () => {
    server = await startOwnRedis()
  })
  afterAll(() => server.remove())

  const asUser = (name: string) => server.url.replace('//', `//${name}:canary@`)

  it.each([
    ['may not run scripts', ['~*', '+@all', '-@scripting'], /may not run eval\w*, NOPERM/],
    ['may not write keys of this program', ['~other:*', '+@all'], /may not write the keys.*~gatehouse:\*/],
    ['may only read', ['~*', '+@read', '+@connection', '+info', '+@scripting'], /lacks a right|may not run/],
    ['may not run INFO', ['~*', '+@all', '-info'], /may not run info/],
  ])('when the user %s', async (_name, rules, why) => {
    await askRedis(server.url, 'ACL', 'SETUSER', 'limited', 'reset', 'on', '>canary', ...rules)
    expectSentences(await refusals(asUser('limited')), why)
  })

  it('when the user is limited to what the documentation lists, it starts', async () => {
    const rules = [
      '~gatehouse:*',
      '+@read',
      '+@write',
      '+@connection',
      '+@scripting',
      '+@transaction',
      '+info',
    ]
    await askRedis(server.url, 'ACL', 'SETUSER', 'documented', 'reset', 'on', '>canary', ...rules)
    expect(await refusals(asUser('documented'))).toEqual(['opened', 'opened'])
  })

  it('when the password is wrong', async () => {
    expectSentences(await refusals(asUser('unknown')), /does not take this user and password, WRONGPASS/)
  })

  it('when it has no database of that number', async () => {
    expectSentences(await refusals(`${server.url}/99`), /no database of that number/)
  })

  it('when its memory is full', async () => {
    await askRedis(server.url, 'CONFIG', 'SET', 'maxmemory', '1')
    expectSentences(await refusals(server.url), /memory is full, OOM; raise/)
    await askRedis(server.url, 'CONFIG', 'SET', 'maxmemory', '0')
  })

  it('when it evicts keys', async () => {
    await askRedis(server.url, 'CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'volatile-lru')
    expectSentences(await refusals(server.url), /evicts keys.*volatile-lru.*; set noeviction/)
    await askRedis(server.url, 'CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction')
  })

  it.each([
    [
      'is a read-only replica',
      ['--replicaof', '127.0.0.1 1'],
      /read-only replica, READONLY; give the address/,
    ],
    [
      'renames EVAL',
      ['--rename-command', 'EVAL', 'hidden', '--rename-command', 'EVALSHA', ''],
      /no command (?:evalsha|eval)/i,
    ],
    ['asks for a password', ['--requirepass', 'canary'], /asks for a password, NOAUTH/],
    ['is a node of a cluster without slots', ['--cluster-enabled', 'yes'], /CLUSTERDOWN/],
  ])('when it %s', async (_name, settings, why) => {
    const own = await startOwnRedis(settings)
    try {
      expectSentences(await refusals(own.url), why)
    } finally {
      await own.remove()
    }
  })

  it('when the URL of a cluster names a database', async () => {
    const cluster = await startOwnCluster(1)
    expectSentences(await refusals(`${cluster.nodes[0]?.url}/1`), /no numbered databases/)
    await cluster.remove()
  })

  it.each([
    ['answers every command with an error', "-ERR unknown command 'HELLO'\r\n", /no command HELLO/],
    ['closes the connection at the first command', undefined, /closed the connection/],
  ])('when a proxy without its commands %s', async (_name, answer, why) => {
    const proxy = createServer((socket) =>
      socket
        .on('error', () => {})
        .on('data', () => (answer ? socket.write(answer.repeat(3)) : socket.destroy())),
    )
    const port = await listen(proxy as never, { host: '127.0.0.1', port: 0 })
    expectSentences(await refusals(`redis://user:canary@127.0.0.1:${port}`), why)
    proxy.close()
  })

  it('when it accepts connections and never answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}))
    const port = await listen(silent as never, { host: '127.0.0.1', port: 0 })
    const [store, state] = await refusals(`redis://user:canary@127.0.0.1:${port}`)
    expect(store).toMatch(/^StorageError: STORE: \S+ cannot be used \(no answer within 2000 ms\)\.$/)
    expect(state).toMatch(
      /^SharedStateError: REPLAY_STORE: \S+ cannot be used \(no answer within 1000 ms\)\.$/,
    )
    silent.close()
  })

  it.each([
    'redis://user:canary/word@127.0.0.1',
    'redis+sentinel://user:canary@127.0.0.1:1,127.0.0.1:2',
    'redis+sentinel://user:canary@127.0.0.1:none/mymaster',
    'redis://user:canary@127.0.0.1/name',
  ])('when its URL is %s', async (url) => {
    for (const message of await refusals(url)) {
      expect(message).toMatch(/^\w+Error: (?:REPLAY_)?STORE: \S+ cannot be used \(its URL [^\n]+\)\.$/)
      expect(message).not.toContain('canary')
    }
  })
})

describe('a program whose Redis is a read-only replica', () => {
  let replica: OwnServer
  beforeAll(async () => {
    replica = await startOwnRedis(['--replicaof', '127.0.0.1 1'])
  })
  afterAll(() => replica.remove())

  it.each([
    ['npm run provider', 'provider/main.ts', 'STORE', []],
    ['npm run provider -- --check-store', 'provider/main.ts', 'STORE', ['--check-store']],
    ['npm run mcp', 'resource-server/main.ts', 'REPLAY_STORE', []],
  ])('says so in one line and ends with 1: %s', async (_name, main, variable, args) => {
    const port = await findFreePort()
    const env = { PORT: String(port), [variable]: replica.url, STORE_KEY: testStoreKey }
    const { code, stdout, stderr } = await startProgram(main, env, args).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      new RegExp(`^${variable}: \\S+ cannot be used \\(it is a read-only replica[^\\n]+\\.\\n$`, 'm'),
    )
    expect(stderr).not.toMatch(/^ {4}at /m)
  })
})
