import { describe, expect, it } from '@jest/globals'
import { createPrincipals } from '../../../resource-server/mcp/principals.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const alice = {
  issuer: 'https://issuer.example',
  subject: 'alice',
  username: 'Alice',
  clientId: 'client-1',
  scopes: ['read'],
}

describe('createPrincipals', () => {
  it('has seen nobody at first', () => {
    expect(createPrincipals().list()).toEqual([])
  })

  it('counts what someone sent, from when to when, and with which clients', () => {
    let time = start
    const principals = createPrincipals({ now: () => time })
    principals.saw(alice)
    time += 1000
    principals.saw({ ...alice, clientId: 'client-2' })
    time += 1000
    principals.saw(alice)
    expect(principals.list()).toEqual([
      {
        issuer: 'https://issuer.example',
        subject: 'alice',
        username: 'Alice',
        clients: ['client-1', 'client-2'],
        firstSeen: '2026-01-01T00:00:00.000Z',
        lastSeen: '2026-01-01T00:00:02.000Z',
        requests: 3,
      },
    ])
  })

  it('tells people apart by issuer and subject, never by name', () => {
    const principals = createPrincipals()
    principals.saw(alice)
    principals.saw({ ...alice, issuer: 'https://other.example' })
    principals.saw({ ...alice, subject: 'bob' })
    principals.saw({ ...alice, issuer: '["https', subject: '//issuer.example","alice"]' })
    expect(principals.list()).toHaveLength(4)
    expect(principals.list().every(({ requests }) => requests === 1)).toBe(true)
  })

  it('forgets the one not seen for longest when there are too many', () => {
    const principals = createPrincipals({ max: 2 })
    for (const subject of ['a', 'b', 'a', 'c']) principals.saw({ ...alice, subject })
    expect(principals.list().map(({ subject }) => subject)).toEqual(['a', 'c'])
  })

  it('keeps no scope and no token', () => {
    const principals = createPrincipals()
    principals.saw(alice)
    expect(Object.keys(principals.list()[0] ?? {})).not.toEqual(expect.arrayContaining(['scopes']))
  })
})
