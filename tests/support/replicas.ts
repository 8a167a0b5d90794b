import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createLightClient, type LightClient } from './light-client.ts'
import { createOwnStore } from './own-store.ts'
import { findFreePort, type Program, startProgram } from './programs.ts'
import { type ProxyKind, type RunningProxy, startProxy, type Upstream } from './proxies.ts'
import type { RealStore } from './real-stores.ts'

/** One of several providers, in a process of its own. */
export interface Replica {
  /** Whether it serves. */
  readonly up: boolean
  /** Asks this replica, past the proxy, as the proxy does. */
  readonly client: LightClient
  /** Ends it without a chance to finish anything. */
  kill(): Promise<void>
  /** Resolves when it serves. */
  start(): Promise<void>
  /** What it has logged, since its last start. */
  log(): string
}

/** Several providers with one store behind a proxy. */
export interface Replicas {
  readonly issuer: string
  readonly all: readonly Replica[]
  /** A client in front of the proxy. @param localAddress where it comes from. Default 127.0.0.1 */
  connect(localAddress?: string): LightClient
  stop(): Promise<void>
}

/**
 * Starts replicas as `npm run provider` does, with the settings that docs/behind-a-proxy.md asks for.
 * @param store where they share a database of their own
 */
export async function startReplicas(
  kind: ProxyKind,
  { count, store }: { readonly count: number; readonly store: RealStore },
): Promise<Replicas> {
  const ownStore = await createOwnStore(store)
  const proxyPort = await findFreePort()
  const host = `localhost:${proxyPort}`
  const shared = {
    ISSUER: `https://${host}`,
    TRUST_PROXY: '127.0.0.1',
    STORE: ownStore.url,
    STORE_KEY: randomBytes(32).toString('base64'),
    // All of the load comes from this machine.
    RATE_LIMIT_ANONYMOUS: '1000000',
  }
  const upstreams: Upstream[] = []
  for (let index = 0; index < count; index += 1) {
    upstreams.push({ port: await findLastingPort(), metricsPort: await findLastingPort() })
  }
  const all = upstreams.map(({ port, metricsPort }) => {
    const env = { ...shared, PORT: String(port), METRICS_PORT: String(metricsPort) }
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' }
    return createReplica(env, createLightClient({ port, host, headers }))
  })
  const clients: LightClient[] = all.map(({ client }) => client)
  let proxy: RunningProxy | undefined

  async function stop(): Promise<void> {
    for (const client of clients) client.close()
    await proxy?.stop()
    await Promise.all(all.map((replica) => replica.kill()))
    await ownStore.drop()
  }

  try {
    await Promise.all(all.map((replica) => replica.start()))
    proxy = await startProxy(kind, proxyPort, upstreams)
  } catch (error) {
    await stop()
    throw error
  }
  const { origin: issuer, ca } = proxy

  return {
    issuer,
    all,
    connect(localAddress = '127.0.0.1') {
      const client = createLightClient({ port: proxyPort, ca, localAddress })
      clients.push(client)
      return client
    },
    stop,
  }
}

function createReplica(env: Readonly<Record<string, string>>, client: LightClient): Replica {
  let program: Program | undefined
  let up = false
  return {
    get up() {
      return up
    },
    client,
    async start() {
      program = startProgram('provider/main.ts', env)
      await program.wrote(/Ctrl-C stops it/)
      up = true
    },
    async kill() {
      up = false
      await program?.stop('SIGKILL')
    },
    log: () => program?.output.stderr ?? '',
  }
}

/**
 * A port that stays free while its replica is down: those that `listen` gives out are also where connections come
 * from, and there are many of them here.
 */
async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000)
    const server = createServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
