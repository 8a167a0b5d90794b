import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { testAccounts } from '../../../config/index.ts'
import { checkStore } from '../../../provider/storage/check-store.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import { openSharedState } from '../../../resource-server/state/shared-state.ts'
import {
  isActive,
  lightSignIn,
  obtainTokens,
  type Person,
  redemption,
  refreshing,
} from '../../support/light-sign-in.ts'
import { createOwnStore, type OwnStore } from '../../support/own-store.ts'
import { describeWithPgBouncer, type RunningPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts'
import { killPrograms } from '../../support/programs.ts'
import { describeWithProxy } from '../../support/proxies.ts'
import { type Replicas, startReplicas } from '../../support/replicas.ts'
import { sharedStateContract } from '../../support/shared-state-contract.ts'
import { storageContract } from '../../support/storage-contract.ts'
import { testStoreKey } from '../../support/storages.ts'

const alice = testAccounts[0] as Person

afterAll(killPrograms)

describeWithPgBouncer('behind PgBouncer', (server) => {
  describe.each(['transaction', 'statement', 'session'] as const)('in %s mode', (mode) => {
    let pooler: RunningPgBouncer
    let own: OwnStore
    const url = () => pooler.through(own.url)
    beforeAll(async () => {
      own = await createOwnStore(server)
      // In session mode a replica keeps each of its connections.
      pooler = await startPgBouncer(own.url, mode, mode === 'session' ? ['default_pool_size = 40'] : [])
    })
    afterAll(async () => {
      await pooler.stop()
      await own.drop()
    })

    describe('the storage', () => {
      storageContract({
        kind: 'postgres',
        open: (options) => openStorage(url(), { keys: [testStoreKey], ...options }),
      })
    })

    describe('the shared state', () => {
      sharedStateContract(async () => [await openSharedState(url()), await openSharedState(url())])
    })

    it('the store passes its check', async () => {
      await expect(checkStore({ store: url(), storeKeys: [testStoreKey] })).resolves.toMatchObject({
        kind: 'postgres',
        reachable: true,
      })
    })
  })

  describe('in transaction mode, with a parameter that it does not know', () => {
    let pooler: RunningPgBouncer
    beforeAll(async () => {
      pooler = await startPgBouncer(server.url, 'transaction')
    })
    afterAll(() => pooler.stop())

    it('both servers say in one sentence which parameter to leave out', async () => {
      const url = new URL(pooler.through(server.url))
      url.searchParams.set('options', '-c statement_timeout=1000')
      const sentence = /cannot be used \([^\n]+ parameter options, 08P01; leave it out [^\n]+\)\.$/
      await expect(openStorage(url.href, { keys: [testStoreKey] })).rejects.toThrow(sentence)
      await expect(openSharedState(url.href)).rejects.toThrow(sentence)
    })
  })

  describeWithProxy('haproxy', 'two replicas in transaction mode', () => {
    let pooler: RunningPgBouncer
    let replicas: Replicas
    const at = (index: number) => {
      const replica = replicas.all[index % 2]
      if (!replica) throw new Error('There are two replicas.')
      return replica.client
    }
    beforeAll(async () => {
      pooler = await startPgBouncer(server.url, 'transaction')
      const store = { ...server, url: pooler.through(server.url) }
      replicas = await startReplicas('haproxy', { count: 2, store })
    })
    afterAll(async () => {
      await replicas?.stop()
      await pooler.stop()
    })

    /** Sends one form 25 times at once, to both. @returns the statuses, sorted */
    async function race(fields: Record<string, string>): Promise<readonly number[]> {
      const answers = await Promise.all(
        Array.from({ length: 25 }, (_, index) =>
          at(index).send({ path: '/token', form: new URLSearchParams(fields) }),
        ),
      )
      return answers.map(({ status }) => status).sort((one, other) => one - other)
    }

    it('redeem a code once of 25 times at once', async () => {
      const fields = redemption(await lightSignIn(at(0), alice))
      expect(await race(fields)).toEqual([200, ...Array(24).fill(400)])
    })

    it('use a refresh token once of 25 times at once', async () => {
      const tokens = await obtainTokens(at(1), redemption(await lightSignIn(at(0), alice)))
      expect(await isActive(at(1), tokens.access_token)).toBe(true)
      expect(await race(refreshing(tokens.refresh_token))).toEqual([200, ...Array(24).fill(400)])
      expect(await isActive(at(0), tokens.access_token)).toBe(false)
    })
  })
})
