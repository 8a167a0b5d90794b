import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, it } from '@jest/globals'
import { testAccounts } from '../../config/index.ts'
import { checkStore } from '../../provider/storage/check-store.ts'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { createLightClient, type LightClient } from '../support/light-client.ts'
import {
  isActive,
  lightSignIn,
  obtainTokens,
  type Person,
  redemption,
  refreshing,
  type Tokens,
} from '../support/light-sign-in.ts'
import { createOwnStore } from '../support/own-store.ts'
import { findFreePort, killPrograms, type Program, startProgram } from '../support/programs.ts'
import { describeWithPostgres, describeWithStores } from '../support/real-stores.ts'

const alice = testAccounts[0] as Person

afterAll(killPrograms)

/** The values that docs/stores.md gives STORE_KEY one after the other, with two keys in them. */
function documentedSteps(keys: { old: string; new: string }): readonly string[] {
  const document = readFileSync(new URL('../../docs/stores.md', import.meta.url), 'utf8')
  return [...document.matchAll(/^STORE_KEY=(\S+)/gm)].map(([, value = '']) =>
    value.replaceAll('old', keys.old).replaceAll('new', keys.new),
  )
}

describeWithPostgres('two replicas whose STORE_KEY changes', (server) => {
  it('serve every token at every moment when it changes in the steps of docs/stores.md', async () => {
    const own = await createOwnStore(server)
    const [oldKey, newKey] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
    const host = `localhost:${await findFreePort()}`
    const ports = [await findFreePort(), await findFreePort()] as const
    const clients = ports.map((port) => createLightClient({ port, host }))
    const programs: Program[] = []
    const start = async (index: number, storeKey: string) => {
      const program = startProgram('provider/main.ts', {
        ...{ ISSUER: `http://${host}`, PORT: `${ports[index]}`, STORE: own.url, STORE_KEY: storeKey },
        RATE_LIMIT_ANONYMOUS: '1000000',
      })
      programs[index] = program
      await program.wrote(/Ctrl-C stops it/)
    }
    /** The replicas that serve. */
    const up = new Set([0, 1])
    const clientAt = (index: number) => clients[index] as LightClient

    await start(0, oldKey)
    await start(1, oldKey)
    const early = await obtainTokens(clientAt(1), redemption(await lightSignIn(clientAt(0), alice)))

    // The load: tokens are issued, refreshed and asked about at the replicas that serve, in turn.
    let rolling = true
    let turns = 0
    const inFlight = [0, 0]
    /** Sends something to a replica that serves. */
    async function send<Result>(use: (client: LightClient) => Promise<Result>): Promise<Result> {
      const index = [...up][turns % up.size] ?? 0
      turns += 1
      inFlight[index] = (inFlight[index] ?? 0) + 1
      try {
        return await use(clientAt(index))
      } finally {
        inFlight[index] = (inFlight[index] ?? 0) - 1
      }
    }
    const signIn = async (client: LightClient) =>
      obtainTokens(client, redemption(await lightSignIn(client, alice)))
    async function load(): Promise<Tokens> {
      let tokens = await send(signIn)
      while (rolling) {
        const { refresh_token: before } = tokens
        tokens = await send((client) => obtainTokens(client, refreshing(before)))
        for (const { access_token: token } of [tokens, early]) {
          expect(await send((client) => isActive(client, token))).toBe(true)
        }
      }
      return tokens
    }
    const loads = [load(), load(), load()]
    const failed = Promise.all(loads).then(() => {})
    failed.catch(() => {})

    const steps = documentedSteps({ old: oldKey, new: newKey })
    expect(steps).toHaveLength(3)
    for (const storeKey of steps) {
      for (const index of [0, 1]) {
        // As a proxy does that is told: it sends nothing new, and what it sent is answered.
        up.delete(index)
        while (inFlight[index] !== 0) await Promise.race([failed, delay(20)])
        await programs[index]?.stop()
        await start(index, storeKey)
        up.add(index)
        const before = turns
        while (turns < before + 12) await Promise.race([failed, delay(20)])
      }
    }
    rolling = false
    await failed
    const served = await Promise.all(loads)
    for (const { access_token: token } of [...served, early]) {
      for (const client of clients) expect(await isActive(client, token)).toBe(true)
    }
    for (const client of clients) client.close()
    for (const program of programs) await program.stop()
    await own.drop()
    // Eight starts of a program, one after the other.
  }, 300_000)
})

describeWithStores('a store whose STORE_KEY changes', (server) => {
  it('needs the old key as long as the check counts what it sealed, members of sets included', async () => {
    const own = await createOwnStore(server)
    const [oldKey, newKey] = ['old-'.repeat(10), 'new-'.repeat(10)]
    const before = await openStorage(own.url, { keys: [oldKey] })
    await before.set('Client:read', 'kept', 60_000)
    await before.addMember('AccountGrants:alice', 'grant', 60_000)
    await before.close()
    const keys = [newKey, oldKey]
    const during = await openStorage(own.url, { keys })
    expect(await during.get('Client:read')).toBe('kept')
    await during.close()
    expect((await checkStore({ store: own.url, storeKeys: keys })).underOlderKeys).toBe(1)
    await own.drop()
  })
})
