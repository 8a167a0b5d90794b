import { describe, expect, it } from '@jest/globals'
import { networksOf } from '../../runtime/networks-of.ts'

const keysOf = (address: string) => networksOf(address).map(({ key }) => key)

describe('networksOf', () => {
  it('counts an IPv6 address in its /64, /56 and /48, wider networks with a few times the limit', () => {
    expect(networksOf('2001:db8:1:23ab:3:4:5:6')).toEqual([
      { key: '2001:db8:1:23ab::/64', prefix: 64, share: 1 },
      { key: '2001:db8:1:2300::/56', prefix: 56, share: 4 },
      { key: '2001:db8:1::/48', prefix: 48, share: 8 },
    ])
  })

  it.each([
    ['2001:0DB8:0001:0002::9'],
    ['2001:db8:1:2:0:0:0:9'],
    ['2001:db8:1:2::0.0.0.9'],
    ['[2001:db8:1:2::9]'],
    ['[2001:db8:1:2::9]:4711'],
    ['2001:db8:1:2::9%eth0'],
    [' 2001:db8:1:2::9'],
  ])('knows the network of 2001:db8:1:2::9 when it is spelt %s', (address) => {
    expect(keysOf(address)).toEqual(['2001:db8:1:2::/64', '2001:db8:1::/56', '2001:db8:1::/48'].map(padded))
  })

  it.each([
    ['203.0.113.7'],
    ['203.0.113.7:50123'],
    ['::ffff:203.0.113.7'],
    ['::ffff:cb00:7107'],
    ['0:0:0:0:0:FFFF:CB00:7107'],
    ['[::ffff:cb00:7107]:443'],
    ['::ffff:0:203.0.113.7'],
    ['64:ff9b::203.0.113.7'],
    ['64:ff9b::cb00:7107'],
    ['2002:cb00:7107::1'],
    ['2002:cb00:7107:ffff::1'],
    ['2001:0:4136:e378:8000:63bf:34ff:8ef8'],
  ])('counts the IPv4 address 203.0.113.7 once, also as %s', (address) => {
    expect(networksOf(address)).toEqual([{ key: '203.0.113.7', prefix: 32, share: 1 }])
  })

  it('does not take the neighbours of the translation prefixes for IPv4', () => {
    for (const address of [
      '64:ff9b:0:0:0:1:cb00:7107',
      '64:ff9c::cb00:7107',
      '2001:1:4136:e378::1',
      '2003:cb00:7107::1',
    ]) {
      expect(networksOf(address)).toHaveLength(3)
    }
  })

  it.each([['::1'], ['::'], ['2001:db8::1'], ['fe80::1%eth0'], ['1:2:3:4:5:6:7:8'], ['1::8']])(
    'has three different networks for %s',
    (address) => {
      expect(new Set(keysOf(address)).size).toBe(3)
    },
  )

  it.each([
    ['unknown'],
    [''],
    ['_hidden'],
    ['300.1.1.1'],
    ['203.0.113.07'],
    ['2001:db8::g'],
    ['1.2.3'],
    ['%eth0'],
  ])('counts what is no address as one network: %j', (text) => {
    expect(keysOf(text)).toEqual(['unknown'])
  })
})

/** Prefixes are written with all their groups. */
function padded(key: string): string {
  return key === '2001:db8:1::/56' ? '2001:db8:1:0::/56' : key
}
