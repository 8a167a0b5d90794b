import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { openSharedState, type SharedState } from '../../../resource-server/state/shared-state.ts'
import { askRedis } from '../../support/ask-redis.ts'
import { type OwnServer, startOwnRedis } from '../../support/own-servers.ts'
import { type ProviderTraffic, startTraffic } from '../../support/provider-traffic.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { testStoreKey } from '../../support/storages.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

const portOf = ({ url }: OwnServer) => new URL(url).port

/** Waits until a replica has everything of its primary. */
async function inSync(replica: OwnServer): Promise<void> {
  const facts = async ({ url }: { url: string }) => String(await askRedis(url, 'INFO', 'replication'))
  await until(async () => {
    const own = await facts(replica)
    const primary = /master_port:(\d+)/.exec(own)?.[1]
    const theirs = await facts({ url: `redis://127.0.0.1:${primary}` })
    const offset = /slave_repl_offset:(\d+)/.exec(own)?.[1]
    return own.includes('master_link_status:up') && offset === /master_repl_offset:(\d+)/.exec(theirs)?.[1]
  })
}

const isReady = (program: { check(): Promise<void> }) =>
  program.check().then(
    () => 'ready',
    (error: Error) => error.message,
  )

describe('Redis after a failover', () => {
  let [one, other]: OwnServer[] = []
  let proxy: TcpProxy
  let running: RunningProvider
  let state: SharedState
  let traffic: ProviderTraffic
  beforeAll(async () => {
    one = await startOwnRedis()
    other = await startOwnRedis(['--replicaof', '127.0.0.1', portOf(one)])
    proxy = await startTcpProxy(one.url, 6379)
    running = await startProvider({ env: { STORE: proxy.through(one.url), STORE_KEY: testStoreKey } })
    state = await openSharedState(proxy.through(one.url))
    traffic = await startTraffic(running)
  })
  afterAll(async () => {
    await running?.stop()
    await state?.close()
    await proxy?.stop()
    await one?.remove()
    await other?.remove()
  })

  it('goes on at the promoted replica behind the same address, though the old connection stays open', async () => {
    if (!one || !other) throw new Error('not started')
    await inSync(other)
    await askRedis(other.url, 'REPLICAOF', 'NO', 'ONE')
    await askRedis(one.url, 'REPLICAOF', '127.0.0.1', portOf(other))
    proxy.retarget(other.url)
    await traffic.untilWorking()
    await until(async () => (await isReady({ check: running.server.ready })) === 'ready')
    await until(() => state.replayStore.add(crypto.randomUUID(), 60))
    await until(async () => (await isReady(state)) === 'ready')
  })

  it('answers 5xx and is not ready while its address leads to a replica, reads included', async () => {
    if (!other) throw new Error('not started')
    // Of a primary that is gone: what the replica has is old.
    await askRedis(other.url, 'REPLICAOF', '127.0.0.1', '1')
    await traffic.expectTrouble()
    expect(await isReady({ check: running.server.ready })).toMatch(/^STORE: .*replica|closed|offline/i)
    expect(await isReady(state)).toMatch(/^REPLAY_STORE: /)
    await expect(state.replayStore.add(crypto.randomUUID(), 60)).rejects.toThrow()
    await askRedis(other.url, 'REPLICAOF', 'NO', 'ONE')
    await traffic.untilWorking()
    await until(async () => (await isReady({ check: running.server.ready })) === 'ready')
    await until(async () => (await isReady(state)) === 'ready')
  })
})

describe('Redis that refuses writes', () => {
  let server: OwnServer
  let running: RunningProvider
  let state: SharedState
  let traffic: ProviderTraffic
  beforeAll(async () => {
    server = await startOwnRedis()
    running = await startProvider({ env: { STORE: server.url, STORE_KEY: testStoreKey } })
    state = await openSharedState(server.url)
    traffic = await startTraffic(running)
  })
  afterAll(async () => {
    await running?.stop()
    await state?.close()
    await server?.remove()
  })
  afterEach(() =>
    askRedis(server.url, 'ACL', 'SETUSER', 'default', 'reset', 'on', 'nopass', '~*', '&*', '+@all'),
  )

  const config = (...settings: string[]) => askRedis(server.url, 'CONFIG', 'SET', ...settings)

  it.each([
    {
      fault: 'its memory is full',
      begin: () => config('maxmemory', '1'),
      end: () => config('maxmemory', '0'),
      why: /memory is full, OOM; raise its maxmemory/,
    },
    {
      fault: 'too few replicas are connected',
      begin: () => config('min-replicas-to-write', '1'),
      end: () => config('min-replicas-to-write', '0'),
      why: /too few replicas/,
    },
    {
      fault: 'it cannot save to its disk',
      async begin() {
        const { dir } = (await askRedis(server.url, 'CONFIG', 'GET', 'dir')) as { dir: string }
        rmSync(dir, { recursive: true })
        await config('save', '3600 1')
        await askRedis(server.url, 'BGSAVE')
        await until(async () =>
          String(await askRedis(server.url, 'INFO', 'persistence')).includes('rdb_last_bgsave_status:err'),
        )
      },
      end: () => config('save', ''),
      why: /cannot write to its disk, MISCONF/,
    },
    {
      fault: 'its user may not run scripts any more',
      begin: () => askRedis(server.url, 'ACL', 'SETUSER', 'default', '-evalsha', '-eval'),
      end: () => askRedis(server.url, 'ACL', 'SETUSER', 'default', '+evalsha', '+eval'),
      why: /may not run eval(?:sha)?, NOPERM/,
    },
    {
      fault: 'its user may not write these keys any more',
      begin: () => askRedis(server.url, 'ACL', 'SETUSER', 'default', 'resetkeys', '~other:*'),
      end: () => askRedis(server.url, 'ACL', 'SETUSER', 'default', 'allkeys'),
      why: /may not write the keys/,
    },
  ])(
    'answers 5xx to what writes and is not ready while $fault, and works again afterwards',
    async (trouble) => {
      expect(await isReady({ check: running.server.ready })).toBe('ready')
      await trouble.begin()
      expect(await traffic.redeem()).toBeGreaterThanOrEqual(500)
      expect(await isReady({ check: running.server.ready })).toMatch(trouble.why)
      expect(await isReady(state)).toMatch(trouble.why)
      await trouble.end()
      await traffic.untilWorking()
      await until(async () => (await isReady({ check: running.server.ready })) === 'ready')
      await until(async () => (await isReady(state)) === 'ready')
    },
  )

  it('leaves nothing of its probes behind', async () => {
    await askRedis(server.url, 'FLUSHALL')
    for (let probe = 0; probe < 5; probe += 1) await running.server.ready()
    const keys = (await askRedis(server.url, 'KEYS', '*')) as string[]
    expect(keys.filter((key) => key.includes('Probe'))).toEqual([])
  })

  it('restarted with another password means 5xx until the password is put back', async () => {
    await config('requirepass', 'another')
    await askRedis(server.url.replace('//', '//:another@'), 'CLIENT', 'KILL', 'TYPE', 'normal')
    await until(async () => (await traffic.push()) >= 500)
    await traffic.expectTrouble()
    expect(await isReady({ check: running.server.ready })).not.toBe('ready')
    await askRedis(server.url.replace('//', '//:another@'), 'CONFIG', 'SET', 'requirepass', '')
    await until(async () => (await traffic.push()) === 201)
    await until(async () => (await isReady(state)) === 'ready')
  })
})
