import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { keysOf } from '../../../provider/keys/key-ring.ts'
import { createSharedKeyRing } from '../../../provider/keys/shared-key-ring.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import { findFreePort, killPrograms, startProgram } from '../../support/programs.ts'
import { describeWithStores } from '../../support/real-stores.ts'
import { basic, post } from '../../support/sign-in.ts'
import { testStoreKey } from '../../support/storages.ts'

const dayMs = 86_400_000

describeWithStores('the key ring', ({ url }) => {
  it('is one for replicas that start and rotate at once', async () => {
    let now = Date.now()
    const storages = await Promise.all([1, 2, 3, 4].map(() => openStorage(url, { keys: [testStoreKey] })))
    try {
      for (const key of ['KeyRing:current', 'KeyRing:lock']) await storages[0]?.delete(key)
      const replicas = storages.map((storage) => createSharedKeyRing(storage, 90 * dayMs, () => now))
      const made = await Promise.all(replicas.map((replica) => replica.load()))
      for (const ring of made) expect(ring).toEqual(made[0])
      now += 90 * dayMs
      const rotated = await Promise.all(replicas.map((replica) => replica.load()))
      for (const ring of rotated) expect(ring).toEqual(rotated[0])
      expect(rotated[0]?.current.jwk).toEqual(made[0]?.next.jwk)
      expect(rotated[0]?.retired).toHaveLength(1)
    } finally {
      for (const storage of storages) await storage.close()
    }
  })
})

describe('processes that share a store', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  })
  afterAll(async () => {
    killPrograms()
    await rm(folder, { recursive: true })
  })

  /** The public keys, asked of the issuer that the replica at this port is one of. */
  async function publishedBy(port: number, issuer: string): Promise<(string | undefined)[]> {
    const { promise, resolve, reject } = Promise.withResolvers<{ keys: { kid: string }[] }>()
    const headers = { host: new URL(issuer).host }
    request({ host: '127.0.0.1', port, path: '/jwks', headers }, (response) =>
      json(response).then((body) => resolve(body as never), reject),
    )
      .on('error', reject)
      .end()
    return (await promise).keys.map(({ kid }) => kid)
  }

  it('take up a rotation by command without a restart or a refused request, and keep their keys when killed', async () => {
    const store = `sqlite:${join(folder, 'state.db')}`
    const storage = await openStorage(store, { keys: [testStoreKey] })
    const twoDaysAgo = Date.now() - 2 * dayMs
    const ring = await createSharedKeyRing(storage, 90 * dayMs, () => twoDaysAgo).load()
    await storage.close()
    const [first, second] = keysOf(ring).signing.keys.map(({ kid }) => kid)

    const ports = [await findFreePort(), await findFreePort()]
    const issuer = `http://localhost:${ports[0]}`
    const env = { STORE: store, STORE_KEY: testStoreKey, ISSUER: issuer }
    const start = (port: number) => startProgram('provider/main.ts', { ...env, PORT: String(port) })
    const programs = ports.map(start)
    for (const program of programs) await program.wrote(/Ctrl-C stops it/)
    for (const port of ports) expect(await publishedBy(port, issuer)).toEqual([first, second])

    let rotated = false
    const statuses = new Set<number>()
    const client = basic({ id: 'mcp-server', secret: 'mcp-server-development-secret' })
    const load = Array.from({ length: 4 }, async () => {
      while (!rotated) statuses.add((await post(`${issuer}/introspect`, { token: 'x' }, client)).status)
    })
    const command = await startProgram('provider/main.ts', env, ['--rotate-keys']).ended
    expect(command).toMatchObject({ code: 0, stderr: '' })
    expect(command.stdout).toContain(`Key ${second} signs from now on.\n`)
    expect(command.stdout).toContain(`Key ${first} has signed until now`)
    for (const port of ports) while ((await publishedBy(port, issuer))[0] !== second) await delay(50)
    rotated = true
    await Promise.all(load)
    expect([...statuses]).toEqual([200])

    const after = await publishedBy(ports[0] ?? 0, issuer)
    expect(after).toEqual([second, expect.any(String), first])
    await programs[0]?.wrote(/keys_rotated/)
    await programs[0]?.stop('SIGKILL')
    const restarted = start(ports[0] ?? 0)
    await restarted.wrote(/Ctrl-C stops it/)
    expect(await publishedBy(ports[0] ?? 0, issuer)).toEqual(after)

    // Attack 51.
    const endings = await Promise.all([programs[1]?.stop(), restarted.stop()])
    const written = JSON.stringify([command, programs.map(({ output }) => output), endings])
    const { signing, cookies } = keysOf(ring)
    for (const secret of [...cookies, ...signing.keys.map((key) => String('d' in key && key.d))]) {
      expect(secret.length).toBeGreaterThan(40)
      expect(written).not.toContain(secret)
    }
  })
})
