import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { poll } from '../../../provider/keys/poll.ts'
import { captureLog } from '../../support/captured-log.ts'

describe('poll', () => {
  it('goes on after a failure, which it logs once, as its end, and nothing that the error carries', async () => {
    const { logger, records } = captureLog()
    let calls = 0
    const stop = poll(
      'the keys',
      async () => {
        calls += 1
        if (calls <= 3) throw new Error('the store is away', { cause: { d: 'CANARY' } })
      },
      1,
      logger,
    )
    while (calls < 6) await delay(1)
    stop()
    expect(records()).toEqual([
      expect.objectContaining({ level: 50, reason: 'the store is away' }),
      expect.objectContaining({ level: 30, msg: 'the keys can be read again' }),
    ])
    expect(JSON.stringify(records())).not.toContain('CANARY')
  })

  it('never does it twice at a time, and not once more after it was stopped', async () => {
    const { logger, records } = captureLog()
    const first = Promise.withResolvers<void>()
    let calls = 0
    const stop = poll(
      'the keys',
      () => {
        calls += 1
        return first.promise
      },
      1,
      logger,
    )
    await delay(20)
    expect(calls).toBe(1)
    stop()
    first.reject(new Error('the store was closed'))
    await delay(20)
    expect(calls).toBe(1)
    expect(records()).toEqual([])
  })
})
