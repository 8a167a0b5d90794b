import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { errors } from 'oidc-provider'
import { createStorageOver } from '../../../provider/storage/create-storage-over.ts'
import { MemoryStore } from '../../../provider/storage/memory-store.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import type { Storage } from '../../../provider/storage/storage.ts'
import { createAdapterFactory } from '../../../provider/storage/storage-adapter.ts'
import { describeWithStorages, unique } from '../../support/storages.ts'
import { breakableStore, slowStore } from '../../support/stores.ts'

/** The adapter keeps oidc-provider's contract over every store. */
function contract(open: () => Promise<Storage>): void {
  let storage: Storage
  let [id, other] = ['', '']
  beforeAll(async () => {
    storage = await open()
  })
  afterAll(() => storage.close())
  beforeEach(() => {
    ;[id, other] = [unique(), unique()]
  })
  const adapterOf = (model: string) => createAdapterFactory(storage)(model)

  it('returns what was stored, and undefined for what was not', async () => {
    const payload = { accountId: 'alice', scope: 'read', params: { state: ':base64:AAAA' } }
    await adapterOf('AccessToken').upsert(id, payload, 60)
    expect(await adapterOf('AccessToken').find(id)).toEqual(payload)
    expect(await adapterOf('AccessToken').find(other)).toBeUndefined()
  })

  it('keeps models apart', async () => {
    await adapterOf('AccessToken').upsert(id, { accountId: 'alice' }, 60)
    expect(await adapterOf('RefreshToken').find(id)).toBeUndefined()
  })

  it('keeps clients, which never expire', async () => {
    await adapterOf('Client').upsert(id, { client_id: id })
    expect(await adapterOf('Client').find(id)).toEqual({ client_id: id })
  })

  it('forgets what was destroyed', async () => {
    await adapterOf('AccessToken').upsert(id, { accountId: 'alice' }, 60)
    await adapterOf('AccessToken').destroy(id)
    expect(await adapterOf('AccessToken').find(id)).toBeUndefined()
  })

  it('finds a session by its uid, also after its identifier has changed', async () => {
    const adapter = adapterOf('Session')
    const uid = unique()
    await adapter.upsert(id, { uid, accountId: 'alice' }, 60)
    await adapter.destroy(id)
    expect(await adapter.findByUid(uid)).toBeUndefined()
    await adapter.upsert(other, { uid, accountId: 'alice' }, 60)
    expect(await adapter.findByUid(uid)).toMatchObject({ uid })
    expect(await adapter.findByUid(unique())).toBeUndefined()
  })

  it('finds a device code by its user code', async () => {
    await adapterOf('DeviceCode').upsert(id, { userCode: other }, 60)
    expect(await adapterOf('DeviceCode').findByUserCode(other)).toMatchObject({ userCode: other })
    expect(await adapterOf('DeviceCode').findByUserCode(id)).toBeUndefined()
  })

  it.each(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'PushedAuthorizationRequest'])(
    'lets exactly one of 100 parallel callers use a %s (attacks 0a, 17, 18)',
    async (model) => {
      const adapter = adapterOf(model)
      await adapter.upsert(id, { grantId: other }, 60)
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => adapter.consume(id)))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const losers = outcomes.filter((outcome) => outcome.status === 'rejected')
      const refusal = model.startsWith('Pushed') ? errors.InvalidRequestUri : errors.InvalidGrant
      expect(losers.every(({ reason }) => reason instanceof refusal)).toBe(true)
    },
  )

  it('hides the use of a DeviceCode from oidc-provider, which would end its grant, and ends none itself', async () => {
    await adapterOf('Grant').upsert(`grant-${id}`, { accountId: 'alice' }, 60)
    await adapterOf('DeviceCode').upsert(id, { accountId: 'alice', grantId: `grant-${id}` }, 60)
    await adapterOf('DeviceCode').consume(id)
    expect(await adapterOf('DeviceCode').find(id)).not.toHaveProperty('consumed')
    await expect(adapterOf('DeviceCode').consume(id)).rejects.toThrow('invalid_grant')
    expect(await adapterOf('Grant').find(`grant-${id}`)).toBeDefined()
  })

  it.each(['AuthorizationCode', 'PushedAuthorizationRequest'])(
    'tells of a %s that it was used',
    async (model) => {
      await adapterOf(model).upsert(id, { accountId: 'alice' }, 60)
      await adapterOf(model).consume(id)
      expect(await adapterOf(model).find(id)).toMatchObject({
        accountId: 'alice',
        consumed: expect.any(Number),
      })
    },
  )

  it('lets exactly one of 100 parallel requests bring a DPoP proof (attack 23)', async () => {
    const adapter = adapterOf('ReplayDetection')
    // As ReplayDetection.unique does: look, and save when it is not there.
    const isNew = async () => {
      if (await adapter.find(id)) return false
      await adapter.upsert(id, { iss: 'client' }, 300)
      return true
    }
    const outcomes = await Promise.all(Array.from({ length: 100 }, isNew))
    expect(outcomes.filter(Boolean)).toHaveLength(1)
    expect(await isNew()).toBe(false)
  })

  it('ends the grant of what is used twice, and no other', async () => {
    const [grants, codes] = [adapterOf('Grant'), adapterOf('AuthorizationCode')]
    await grants.upsert(id, { accountId: 'alice' }, 60)
    await grants.upsert(other, { accountId: 'alice' }, 60)
    await codes.upsert(other, { grantId: id }, 60)
    await codes.consume(other)
    expect(await grants.find(id)).toBeDefined()
    await expect(codes.consume(other)).rejects.toBeInstanceOf(errors.InvalidGrant)
    expect(await grants.find(id)).toBeUndefined()
    expect(await grants.find(other)).toBeDefined()
  })

  it.each(['AccessToken', 'RefreshToken', 'AuthorizationCode'])(
    'ends a grant whose %s is revoked, and no other',
    async (model) => {
      const grants = adapterOf('Grant')
      await grants.upsert(id, { accountId: 'alice' }, 60)
      await grants.upsert(other, { accountId: 'alice' }, 60)
      await adapterOf(model).revokeByGrantId(id)
      expect([await grants.find(id), await grants.find(other)]).toEqual([undefined, { accountId: 'alice' }])
    },
  )

  it('does not let a grant come back that ended while it was changed', async () => {
    const grants = adapterOf('Grant')
    await grants.upsert(id, { accountId: 'alice' }, 60)
    const read = await grants.find(id)
    await grants.destroy(id)
    await expect(grants.upsert(id, { ...read }, 60)).rejects.toBeInstanceOf(errors.InvalidGrant)
    expect(await grants.find(id)).toBeUndefined()
  })
}

describeWithStorages('the adapter', ({ open }) => contract(open))
describe('the adapter over a slow store', () => contract(async () => createStorageOver(slowStore())))

describe('the adapter', () => {
  it('leaves nothing behind when everything has expired', async () => {
    let now = Date.now()
    const store = new MemoryStore(() => now)
    const adapters = createAdapterFactory(createStorageOver(store), { now: () => now })
    for (let index = 0; index < 100; index++) {
      await adapters('Grant').upsert(`grant-${index}`, {}, 60)
      await adapters('RefreshToken').upsert(`id-${index}`, { grantId: `grant-${index}` }, 60)
      await adapters('RefreshToken').consume(`id-${index}`)
      await adapters('Grant').destroy(`grant-${index}`)
    }
    expect(store.size).toBeGreaterThanOrEqual(200)
    now += 91 * 86_400_000
    while (store.sweep());
    expect(store.size).toBe(0)
  })

  it('throws when the store is down, and works again when it is back (attack 0b)', async () => {
    const store = breakableStore()
    const adapters = createAdapterFactory(createStorageOver(store))
    const adapter = adapters('AuthorizationCode')
    await adapter.upsert('id', { grantId: 'grant' }, 60)
    store.down = true
    for (const use of [
      () => adapter.upsert('id', {}, 60),
      () => adapter.find('id'),
      () => adapter.findByUid('id'),
      () => adapter.findByUserCode('id'),
      () => adapter.consume('id'),
      () => adapter.destroy('id'),
      () => adapter.revokeByGrantId('grant'),
      () => adapters('RefreshToken').consume('id'),
      () => adapters('ReplayDetection').find('id'),
    ]) {
      await expect(use()).rejects.toThrow('ECONNREFUSED')
    }
    store.down = false
    expect(await adapter.find('id')).toBeDefined()
    await expect(adapter.consume('id')).resolves.toBeUndefined()
  })

  it('does not know stores of another kind', async () => {
    await expect(openStorage('carrier-pigeon://loft')).rejects.toThrow('carrier-pigeon:')
  })
})
