import { describe, expect, it } from '@jest/globals'
import { errors } from 'oidc-provider'
import { createStorageOver } from '../../../provider/storage/create-storage-over.ts'
import { MemoryStore } from '../../../provider/storage/memory-store.ts'
import { openStorage } from '../../../provider/storage/open-storage.ts'
import type { Storage } from '../../../provider/storage/storage.ts'
import { StorageAdapter } from '../../../provider/storage/storage-adapter.ts'
import { breakableStore, slowStore } from '../../support/stores.ts'

const stores: [string, () => Storage][] = [
  ['memory', () => createStorageOver(new MemoryStore())],
  ['a slow store', () => createStorageOver(slowStore())],
]

describe.each(stores)('StorageAdapter over %s', (_name, open) => {
  it('returns what was stored, and undefined for what was not', async () => {
    const adapter = new StorageAdapter('AccessToken', open())
    const payload = { accountId: 'alice', scope: 'read', params: { state: ':base64:AAAA' } }
    await adapter.upsert('id', payload, 60)
    expect(await adapter.find('id')).toEqual(payload)
    expect(await adapter.find('other')).toBeUndefined()
  })

  it('keeps models apart', async () => {
    const storage = open()
    await new StorageAdapter('AccessToken', storage).upsert('id', { accountId: 'alice' }, 60)
    expect(await new StorageAdapter('RefreshToken', storage).find('id')).toBeUndefined()
  })

  it('forgets what was destroyed', async () => {
    const adapter = new StorageAdapter('AccessToken', open())
    await adapter.upsert('id', { accountId: 'alice' }, 60)
    await adapter.destroy('id')
    expect(await adapter.find('id')).toBeUndefined()
  })

  it('finds a session by its uid, also after its identifier has changed', async () => {
    const adapter = new StorageAdapter('Session', open())
    await adapter.upsert('first', { uid: 'uid', accountId: 'alice' }, 60)
    await adapter.destroy('first')
    expect(await adapter.findByUid('uid')).toBeUndefined()
    await adapter.upsert('second', { uid: 'uid', accountId: 'alice' }, 60)
    expect(await adapter.findByUid('uid')).toMatchObject({ uid: 'uid' })
    expect(await adapter.findByUid('other')).toBeUndefined()
  })

  it('finds a device code by its user code', async () => {
    const adapter = new StorageAdapter('DeviceCode', open())
    await adapter.upsert('id', { userCode: 'ABCD' }, 60)
    expect(await adapter.findByUserCode('ABCD')).toMatchObject({ userCode: 'ABCD' })
    expect(await adapter.findByUserCode('WXYZ')).toBeUndefined()
  })

  it('lets exactly one of 100 parallel callers consume', async () => {
    const adapter = new StorageAdapter('AuthorizationCode', open())
    await adapter.upsert('id', { grantId: 'grant' }, 60)
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => adapter.consume('id')))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const losers = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(losers.every(({ reason }) => reason instanceof errors.InvalidGrant)).toBe(true)
    expect(await adapter.find('id')).toMatchObject({ consumed: expect.any(Number) })
  })

  it('ends the grant of what is used twice, and no other', async () => {
    const storage = open()
    const grants = new StorageAdapter('Grant', storage)
    const codes = new StorageAdapter('AuthorizationCode', storage)
    await grants.upsert('used-twice', { accountId: 'alice' }, 60)
    await grants.upsert('untouched', { accountId: 'alice' }, 60)
    await codes.upsert('untouched', { grantId: 'used-twice' }, 60)
    await codes.consume('untouched')
    expect(await grants.find('used-twice')).toBeDefined()
    await expect(codes.consume('untouched')).rejects.toBeInstanceOf(errors.InvalidGrant)
    expect(await grants.find('used-twice')).toBeUndefined()
    expect(await grants.find('untouched')).toBeDefined()
  })

  it('lets a pushed request be used once, and names it in the error', async () => {
    const adapter = new StorageAdapter('PushedAuthorizationRequest', open())
    await adapter.upsert('id', { request: 'x' }, 60)
    await adapter.consume('id')
    await expect(adapter.consume('id')).rejects.toBeInstanceOf(errors.InvalidRequestUri)
  })

  it('refuses to consume what was never stored', async () => {
    const adapter = new StorageAdapter('RefreshToken', open())
    await expect(adapter.consume('id')).rejects.toBeInstanceOf(errors.InvalidGrant)
  })

  it('hides what a grant has led to when it is revoked, and nothing else', async () => {
    const storage = open()
    const tokens = new StorageAdapter('AccessToken', storage)
    const refreshTokens = new StorageAdapter('RefreshToken', storage)
    await tokens.upsert('one', { grantId: 'revoked' }, 60)
    await tokens.upsert('two', { grantId: 'revoked' }, 60)
    await tokens.upsert('three', { grantId: 'other' }, 60)
    await refreshTokens.upsert('four', { grantId: 'revoked' }, 60)
    await tokens.revokeByGrantId('revoked')
    expect(await tokens.find('one')).toBeUndefined()
    expect(await tokens.find('two')).toBeUndefined()
    expect(await tokens.find('three')).toBeDefined()
    expect(await refreshTokens.find('four')).toBeDefined()
  })

  // Attack 48.
  it.each([['__proto__'], ['constructor'], ['a:b:c'], ['nul\0nul'], ['x'.repeat(10_000)], ['ünï‮']])(
    'treats the identifier %j as an opaque string',
    async (id) => {
      const storage = open()
      const adapter = new StorageAdapter('AuthorizationCode', storage)
      expect(await adapter.find(id)).toBeUndefined()
      await adapter.upsert(id, { grantId: id, accountId: 'alice' }, 60)
      expect(await adapter.find(id)).toMatchObject({ accountId: 'alice' })
      await adapter.consume(id)
      await adapter.revokeByGrantId(id)
      expect(await adapter.find(id)).toBeUndefined()
      expect(await new StorageAdapter('AccessToken', storage).find(id)).toBeUndefined()
    },
  )
})

describe('StorageAdapter', () => {
  it('shows what a revoked grant leads to afterwards', async () => {
    let now = 1_000
    const adapter = new StorageAdapter('AccessToken', createStorageOver(new MemoryStore()), () => now)
    await adapter.upsert('before', { grantId: 'grant' }, 60)
    await adapter.revokeByGrantId('grant')
    await adapter.upsert('same-moment', { grantId: 'grant' }, 60)
    now += 1
    await adapter.upsert('after', { grantId: 'grant' }, 60)
    expect(await adapter.find('before')).toBeUndefined()
    expect(await adapter.find('same-moment')).toBeUndefined()
    expect(await adapter.find('after')).toBeDefined()
  })

  it('leaves nothing behind when everything has expired', async () => {
    let now = Date.now()
    const store = new MemoryStore(() => now)
    const storage = createStorageOver(store)
    const adapter = new StorageAdapter('RefreshToken', storage, () => now)
    for (let index = 0; index < 100; index++) {
      await adapter.upsert(`id-${index}`, { grantId: `grant-${index}` }, 60)
      await adapter.consume(`id-${index}`)
    }
    expect(store.size).toBe(100)
    now += 60_000 + 60_000
    store.get('anything')
    expect(store.size).toBe(0)
  })

  // Attack 0b.
  it('throws when the store is down, and works again when it is back', async () => {
    const store = breakableStore()
    const adapter = new StorageAdapter('AuthorizationCode', createStorageOver(store))
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
