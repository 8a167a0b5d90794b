import { describe, expect, it } from '@jest/globals'
import { createAudit } from '../../../provider/observability/audit.ts'
import { captureLog } from '../../support/captured-log.ts'

describe('createAudit', () => {
  it('writes one record, in OAuth’s spelling, without what is not known', () => {
    const log = captureLog()
    createAudit(log.logger)({
      event: 'token_refreshed',
      account: 'alice',
      clientId: 'test-client',
      scopes: ['read', 'write'],
      address: '203.0.113.7',
      grantType: 'refresh_token',
    })
    expect(log.records()).toEqual([
      expect.objectContaining({
        event: 'token_refreshed',
        account: 'alice',
        client_id: 'test-client',
        scope: 'read write',
        address: '203.0.113.7',
        grant_type: 'refresh_token',
      }),
    ])
    expect(log.text()).not.toContain('reason')
  })

  it('keeps line breaks within one record, and cuts long words (attack 51)', () => {
    const log = captureLog()
    const account = `alice\r\n{"event":"login","account":"admin"}${'x'.repeat(10_000)}`
    createAudit(log.logger)({ event: 'login_failed', account })
    expect(log.records()).toEqual([expect.objectContaining({ event: 'login_failed' })])
    expect(log.text().trimEnd()).not.toMatch(/[\r\n]/)
    expect(log.text().length).toBeLessThan(500)
  })
})
