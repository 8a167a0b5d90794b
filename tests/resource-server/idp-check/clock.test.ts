import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../../config/index.ts'
import { checkClock, clockDifference } from '../../../resource-server/idp-check/clock.ts'
import type { Described } from '../../../resource-server/idp-check/finding.ts'

const at = 1_800_000_000

describe('the difference between two clocks', () => {
  it.each([
    ['is none within the second that an HTTP date stands for', at, 0.2, 0.9, 0],
    ['is none when the answer took its time', at + 3, 0, 4, 0],
    ['is positive when this machine is ahead', at, 90, 90.1, 89],
    ['is negative when this machine is behind', at, -90, -89.9, -90],
  ])('%s', (_, serverTime, sent, answered, expected) => {
    const document = { serverTime, sentAt: (at + sent) * 1000, answeredAt: (at + answered) * 1000 }
    expect(clockDifference(document)).toBe(expected)
  })

  it('is unknown without a date', () => {
    expect(clockDifference({ sentAt: 0, answeredAt: 0 })).toBeUndefined()
  })
})

/** The finding when this machine is so many seconds ahead. */
function findingAt(ahead: number, env: Readonly<Record<string, string>> = {}) {
  const config = loadConfig({ ISSUER: 'https://id.example.com', ...env }, 'idp-check')
  const document = { serverTime: at, sentAt: (at + ahead) * 1000, answeredAt: (at + ahead) * 1000 }
  return checkClock({ config, documents: [document] } as unknown as Described)
}

describe('a clock that is off', () => {
  it('by more than five seconds is a warning that says by how many, and which machine to set', () => {
    expect(findingAt(61)).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('this machine’s is 60 s ahead of that of id.example.com'),
      change: expect.stringContaining('set this machine’s clock'),
    })
    expect(findingAt(-60)).toMatchObject({ found: expect.stringContaining('60 s behind that of') })
  })

  it('by more than is tolerated is in the way where tokens are verified by signature', () => {
    expect(findingAt(-16, { TOKEN_VALIDATION: 'jwt' }).level).toBe('missing')
    expect(findingAt(-15, { TOKEN_VALIDATION: 'jwt' }).level).toBe('warning')
  })

  it('by five seconds or fewer is good', () => {
    expect(findingAt(6).level).toBe('ok')
    expect(findingAt(-5).level).toBe('ok')
    expect(findingAt(7).level).toBe('warning')
  })
})
