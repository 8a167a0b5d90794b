import { describe, expect, it } from '@jest/globals'
import { createClient } from '@redis/client'
import { Client } from 'pg'
import { openSharedState } from '../../../resource-server/state/shared-state.ts'
import { describeWithStores } from '../../support/real-stores.ts'
import { sharedStateContract } from '../../support/shared-state-contract.ts'

describe('the shared state in memory', () => {
  sharedStateContract(async () => {
    const state = await openSharedState('memory:')
    return [state, state]
  })

  it('23: forgets a key after its time, to the millisecond', async () => {
    let time = 0
    const { replayStore } = await openSharedState('memory:', { now: () => time })
    expect(await replayStore.add('key', 75)).toBe(true)
    time = 74_999
    expect(await replayStore.add('key', 75)).toBe(false)
    time = 75_000
    expect(await replayStore.add('key', 75)).toBe(true)
  })
})

describeWithStores('the shared state', ({ name, url }) => {
  sharedStateContract(async () => [await openSharedState(url), await openSharedState(url)])

  it('does not say who was counted (attack 47)', async () => {
    const state = await openSharedState(url)
    const caller = `canary-caller-${crypto.randomUUID()}`
    await state.createRateLimiter('caller', { points: 1, seconds: 60 }).count(caller)
    await state.close()
    expect(await keysIn(name, url)).not.toContain(caller)
  })

  it('23: forgets a key after its time', async () => {
    const state = await openSharedState(url)
    const key = crypto.randomUUID()
    const started = performance.now()
    try {
      expect(await state.replayStore.add(key, 1)).toBe(true)
      while (!(await state.replayStore.add(key, 1))) expect(performance.now() - started).toBeLessThan(5000)
      expect(performance.now() - started).toBeGreaterThan(900)
    } finally {
      await state.close()
    }
  })
})

it('refuses a URL that names no store it knows', async () => {
  await expect(openSharedState('mysql://localhost')).rejects.toThrow('mysql:')
})

/** The names of everything that is counted, as text. */
async function keysIn(name: 'Redis' | 'Postgres', url: string): Promise<string> {
  if (name === 'Redis') {
    const client = await createClient({ url }).connect()
    const keys = await client.keys('gatehouse:rate:*')
    client.destroy()
    expect(keys.length).toBeGreaterThan(0)
    return keys.join(' ')
  }
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('SELECT key FROM gatehouse_rate')
  await client.end()
  expect(rows.length).toBeGreaterThan(0)
  return JSON.stringify(rows)
}
