import { askRedis } from './ask-redis.ts'
import { type OwnServer, startOwnRedis } from './own-servers.ts'
import { until } from './until.ts'

/** A Redis Cluster of this test's own. */
export interface OwnCluster {
  readonly nodes: readonly OwnServer[]
  remove(): Promise<void>
}

/**
 * Starts a cluster of that many primaries with an equal share of the slots.
 * @param replicas how many replicas the primary of `slot` has. Default 0
 */
export async function startOwnCluster(
  primaries: number,
  { replicas = 0, slot = 0 }: { replicas?: number; slot?: number } = {},
): Promise<OwnCluster> {
  const settings = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const start = () => startOwnRedis([...settings, '--cluster-config-file', 'nodes.conf'])
  const nodes = await Promise.all(Array.from({ length: primaries + replicas }, start))
  const [first = ''] = nodes.map(({ url }) => url)
  const size = Math.ceil(16_384 / primaries)
  for (const [index, { url }] of nodes.slice(0, primaries).entries()) {
    const last = Math.min(16_383, (index + 1) * size - 1)
    await askRedis(url, 'CLUSTER', 'ADDSLOTSRANGE', String(index * size), String(last))
    await askRedis(url, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (const { url } of nodes.slice(1)) {
    await askRedis(first, 'CLUSTER', 'MEET', '127.0.0.1', new URL(url).port)
  }
  const owner = nodes[Math.floor(slot / size)]
  const ownerId = String(await askRedis(owner?.url ?? '', 'CLUSTER', 'MYID'))
  for (const { url } of nodes.slice(primaries)) {
    await until(async () => (await askRedis(url, 'CLUSTER', 'REPLICATE', ownerId)) === 'OK')
    await until(async () =>
      String(await askRedis(url, 'INFO', 'replication')).includes('master_link_status:up'),
    )
  }
  for (const { url } of nodes) {
    await until(async () => {
      const facts = String(await askRedis(url, 'CLUSTER', 'INFO'))
      return facts.includes('cluster_state:ok') && facts.includes(`cluster_known_nodes:${nodes.length}`)
    })
  }
  return {
    nodes,
    async remove() {
      await Promise.all(nodes.map((node) => node.remove()))
    },
  }
}
