import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { createAddressOf } from '../../runtime/address-of.ts'

function request(remoteAddress: string, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  return { headers, socket: { remoteAddress } } as unknown as IncomingMessage
}

describe('createAddressOf', () => {
  it('believes no header by default', () => {
    expect(createAddressOf([])(request('10.0.0.1', '203.0.113.7'))).toBe('10.0.0.1')
  })

  it('believes a trusted proxy, up to the last address that is none', () => {
    const addressOf = createAddressOf(['10.0.0.0/8'])
    expect(addressOf(request('10.0.0.1', '203.0.113.7'))).toBe('203.0.113.7')
    expect(addressOf(request('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.0.0.2'))).toBe('203.0.113.7')
    expect(addressOf(request('192.0.2.1', '203.0.113.7'))).toBe('192.0.2.1')
  })
})
