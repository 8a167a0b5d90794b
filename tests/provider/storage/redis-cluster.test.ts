import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openSharedState, type SharedState } from '../../../resource-server/state/shared-state.ts'
import { askRedis } from '../../support/ask-redis.ts'
import { type OwnCluster, startOwnCluster } from '../../support/own-cluster.ts'
import { type ProviderTraffic, startTraffic } from '../../support/provider-traffic.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'
import { testStoreKey } from '../../support/storages.ts'
import { until } from '../../support/until.ts'

// Sentinels and nodes of a cluster agree in seconds; a busy machine takes several times as long.
jest.setTimeout(180_000)

/** The slot of `{gatehouse}`: CRC16 modulo 16 384. */
const slot = 7783

describe.each([
  ['one primary', 1, 0],
  ['three primaries, whose node has a replica', 3, 1],
])('a Redis Cluster of %s', (_name, primaries, replicas) => {
  let cluster: OwnCluster
  let running: RunningProvider
  let state: SharedState
  let traffic: ProviderTraffic
  const url = () => cluster.nodes[0]?.url ?? ''
  beforeAll(async () => {
    cluster = await startOwnCluster(primaries, { replicas, slot })
    running = await startProvider({ env: { STORE: url(), STORE_KEY: testStoreKey } })
    state = await openSharedState(url())
    traffic = await startTraffic(running)
  })
  afterAll(async () => {
    await running?.stop()
    await state?.close()
    await cluster?.remove()
  })

  it('keeps everything in the one slot, whatever node the URL names', async () => {
    await traffic.untilWorking()
    await running.server.ready()
    expect(await state.replayStore.add(crypto.randomUUID(), 60)).toBe(true)
    const owner = cluster.owner.url
    expect(await askRedis(owner, 'CLUSTER', 'KEYSLOT', 'gatehouse')).toBe(slot)
    const inSlot = Number(await askRedis(owner, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot)))
    expect(inSlot).toBeGreaterThan(5)
    expect(await askRedis(owner, 'DBSIZE')).toBe(inSlot)
    const check = await checkStore({ store: url(), storeKeys: [testStoreKey] })
    expect(check.rows).toMatchObject({ Grant: 1 })
  })

  if (replicas > 0) {
    it('goes on at the promoted replica when the node of the slot is killed', async () => {
      const { owner, replica } = cluster
      const offset = async (server: string, name: string) =>
        new RegExp(`${name}:(\\d+)`).exec(String(await askRedis(server, 'INFO', 'replication')))?.[1]
      await until(
        async () =>
          (await offset(owner.url, 'master_repl_offset')) ===
          (await offset(replica?.url ?? '', 'slave_repl_offset')),
      )
      await owner.kill()
      await traffic.untilWorking()
      await until(() => running.server.ready().then(() => true))
      await until(() => state.check().then(() => true))
    })

    it('goes on when the node that the URL names is gone', async () => {
      await cluster.nodes[0]?.kill()
      await cluster.nodes[0]?.start()
      await traffic.untilWorking()
    })
  } else {
    it('answers 5xx and is not ready while the slot is not served', async () => {
      await askRedis(url(), 'CLUSTER', 'DELSLOTS', String(slot))
      await traffic.expectTrouble()
      await expect(running.server.ready()).rejects.toThrow(/^STORE: /)
      await askRedis(url(), 'CLUSTER', 'ADDSLOTS', String(slot))
      await traffic.untilWorking()
      await until(() => running.server.ready().then(() => true))
    })
  }
})
