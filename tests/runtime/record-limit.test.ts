import { describe, expect, it } from '@jest/globals'
import { createRecordLimit, withoutRepeatedErrors } from '../../runtime/record-limit.ts'
import { captureLog } from '../support/captured-log.ts'

function setUp(maxKinds?: number) {
  let time = 0
  const limit = createRecordLimit({ now: () => time, ...(maxKinds !== undefined && { maxKinds }) })
  return {
    limit,
    pass: (ms: number) => {
      time += ms
    },
  }
}

describe('createRecordLimit', () => {
  it('admits one record a minute for each kind, and the next says how many were left out', () => {
    const { limit, pass } = setUp()
    expect(limit.admit('a')).toEqual({})
    for (let index = 0; index < 1000; index += 1) expect(limit.admit('a')).toBeUndefined()
    expect(limit.admit('b')).toEqual({})
    pass(59_999)
    expect(limit.admit('a')).toBeUndefined()
    pass(1)
    expect(limit.admit('a')).toEqual({ suppressed: 1001 })
    expect(limit.admit('a')).toBeUndefined()
    pass(60_000)
    expect(limit.admit('b')).toEqual({})
  })

  it('remembers a bounded number of kinds, and loses no count', () => {
    const { limit, pass } = setUp(10)
    const admitted = Array.from({ length: 1000 }, (_, index) => limit.admit(`kind ${index}`)).filter(Boolean)
    expect(admitted).toHaveLength(10)
    limit.admit('kind 0')
    pass(60_000)
    expect(limit.admit('another')).toEqual({ suppressed: 991 })
  })
})

describe('withoutRepeatedErrors', () => {
  it('writes an error that repeats once a minute, and others at once', () => {
    const log = captureLog()
    const { limit, pass } = setUp()
    const logger = withoutRepeatedErrors(log.logger, limit)
    const fail = (code: string) =>
      logger.error({ err: Object.assign(new Error('no'), { code }) }, 'it failed')
    for (let index = 0; index < 100; index += 1) fail('EPIPE')
    fail('ECONNRESET')
    logger.info('something else')
    pass(60_000)
    fail('EPIPE')
    expect(log.records().map(({ msg, suppressed }) => [msg, suppressed])).toEqual([
      ['it failed', undefined],
      ['it failed', undefined],
      ['something else', undefined],
      ['it failed', 99],
    ])
  })
})
