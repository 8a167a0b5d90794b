import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openSharedState, type SharedState } from '../../../resource-server/state/shared-state.ts'
import { askRedis } from '../../support/ask-redis.ts'
import { type OwnServer, startOwnRedis, startOwnSentinel } from '../../support/own-servers.ts'
import { type ProviderTraffic, startTraffic } from '../../support/provider-traffic.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { testStoreKey } from '../../support/storages.ts'
import { until } from '../../support/until.ts'

// Sentinels and nodes of a cluster agree in seconds; a busy machine takes several times as long.
jest.setTimeout(180_000)

const portOf = (url: string | undefined) => new URL(url ?? '').port

describe.each([
  ['is killed', (primary: OwnServer) => primary.kill()],
  ['stops answering', async (primary: OwnServer) => primary.signal('SIGSTOP')],
])('Redis behind three Sentinels whose primary %s', (_name, fail) => {
  let primary: OwnServer
  let replica: OwnServer
  let sentinels: readonly OwnServer[]
  let url: string
  let running: RunningProvider
  let state: SharedState
  let traffic: ProviderTraffic
  beforeAll(async () => {
    primary = await startOwnRedis()
    replica = await startOwnRedis(['--replicaof', '127.0.0.1', portOf(primary.url)])
    const facts = async () => String(await askRedis(replica.url, 'INFO', 'replication'))
    await until(async () => (await facts()).includes('master_link_status:up'))
    sentinels = await Promise.all([1, 2, 3].map(() => startOwnSentinel(primary, 2)))
    for (const sentinel of sentinels) {
      await until(async () => {
        const count = async (what: string) =>
          ((await askRedis(sentinel.url, 'SENTINEL', what, 'mymaster')) as unknown[]).length
        return (await count('SENTINELS')) === 2 && (await count('REPLICAS')) === 1
      })
    }
    // The first one listens no more: the others are asked.
    await sentinels[0]?.kill()
    const hosts = sentinels.map((sentinel) => new URL(sentinel.url).host).join(',')
    url = `redis+sentinel://${hosts}/mymaster`
    running = await startProvider({ env: { STORE: url, STORE_KEY: testStoreKey } })
    state = await openSharedState(url)
    traffic = await startTraffic(running)
  })
  afterAll(async () => {
    primary?.signal('SIGCONT')
    await running?.stop()
    await state?.close()
    for (const server of [primary, replica, ...(sentinels ?? [])]) await server?.remove()
  })

  it('goes on at the replica that they promote, with the tokens of before, and is ready again', async () => {
    const proof = crypto.randomUUID()
    expect(await state.replayStore.add(proof, 600)).toBe(true)
    const offset = async (server: string, name: string) =>
      new RegExp(`${name}:(\\d+)`).exec(String(await askRedis(server, 'INFO', 'replication')))?.[1]
    await until(
      async () =>
        (await offset(primary.url, 'master_repl_offset')) ===
        (await offset(replica.url, 'slave_repl_offset')),
    )
    await fail(primary)
    await expect(running.server.ready()).rejects.toThrow(/^STORE: /)
    await traffic.untilWorking()
    await until(() => running.server.ready().then(() => true))
    await until(() => state.check().then(() => true))
    expect(await state.replayStore.add(proof, 600)).toBe(false)
    expect(String(await askRedis(replica.url, 'INFO', 'replication'))).toContain('role:master')
    await expect(checkStore({ store: url, storeKeys: [testStoreKey] })).resolves.toMatchObject({
      kind: 'redis',
    })
  })
})

it('leaves a primary that still takes writes when the Sentinels name another one', async () => {
  const [cutOff, promoted] = [await startOwnRedis(), await startOwnRedis()]
  const sentinel = await startOwnSentinel(cutOff, 1)
  const state = await openSharedState(`${sentinel.url.replace('redis:', 'redis+sentinel:')}/mymaster`)
  try {
    await askRedis(sentinel.url, 'SENTINEL', 'REMOVE', 'mymaster')
    await askRedis(sentinel.url, 'SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', portOf(promoted.url), '1')
    await until(async () => {
      await state.replayStore.add(crypto.randomUUID(), 60)
      return Number(await askRedis(promoted.url, 'DBSIZE')) > 0
    })
  } finally {
    await state.close()
    for (const server of [sentinel, cutOff, promoted]) await server.remove()
  }
})

it('Sentinels that know no primary of that name are refused at the start in one sentence', async () => {
  const primary = await startOwnRedis()
  const sentinel = await startOwnSentinel(primary, 1)
  try {
    const url = `${sentinel.url.replace('redis:', 'redis+sentinel:')}/othermaster`
    await expect(openSharedState(url)).rejects.toThrow(
      /^REPLAY_STORE: redis\+sentinel:\/\/\S+ cannot be used \(its Sentinels know no primary othermaster; [^\n]+\)\.$/,
    )
  } finally {
    await sentinel.remove()
    await primary.remove()
  }
})
