import { describe, expect, it } from '@jest/globals'
import { isAtLeast, isPublicAddress, scopeOfAddress, scopeOfHost } from '../../runtime/address-scope.ts'

describe('isPublicAddress', () => {
  it.each([
    '93.184.215.14',
    '1.1.1.1',
    '223.255.255.254',
    '2606:4700:4700::1111',
    '2a00:1450:4001:82a::200e',
  ])('is true for %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '::ffff:93.184.215.14',
    '64:ff9b::127.0.0.1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '127.1',
    '0x7f000001',
    '2130706433',
    'localhost',
    '',
  ])('is false for %j (attack 29)', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('scopeOfAddress', () => {
  it.each([
    ['93.184.215.14', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['64:ff9b::93.184.215.14', 'public'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.100.100.200', 'private'],
    ['198.18.0.1', 'private'],
    ['fd00:ec2::254', 'private'],
    ['fec0::1', 'private'],
    ['::ffff:10.0.0.1', 'private'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['2002:a00:1::1', 'private'],
    ['2001:0:4136:e378:8000:63bf:f5ff:fffe', 'private'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['127.0.0.2', 'loopback'],
    ['::1', 'loopback'],
    ['::1%lo', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::127.0.0.1', 'loopback'],
    ['::ffff:0:127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['2001:0:4136:e378:8000:63bf:80ff:fffe', 'loopback'],
    ['0.0.0.0', 'special'],
    ['::', 'special'],
    ['255.255.255.255', 'special'],
    ['ff02::1', 'special'],
    ['192.0.2.1', 'special'],
    ['2001:db8::1', 'special'],
    ['::ffff:93.184.215.14', 'special'],
    ['2002:5db8:d70e::1', 'special'],
    ['64:ff9b:1::1', 'special'],
    ['a.name.example', 'special'],
  ])('is, for %s, %s', (address, scope) => {
    expect(scopeOfAddress(address)).toBe(scope)
  })
})

describe('scopeOfHost', () => {
  it.each([
    ['http://localhost/', 'loopback'],
    ['http://LOCALHOST./', 'loopback'],
    ['http://a.localhost/', 'loopback'],
    ['http://127.1/', 'loopback'],
    ['http://0x7f.1/', 'loopback'],
    ['http://0177.0.0.1/', 'loopback'],
    ['http://2130706433/', 'loopback'],
    ['http://①②⑦.1/', 'loopback'],
    ['http://127.0.0.1./', 'loopback'],
    ['http://[::ffff:127.0.0.1]/', 'loopback'],
    ['http://0/', 'special'],
    ['http://192.168.1/', 'private'],
    ['http://8.8.8.8/', 'public'],
    ['http://localhost.example/', undefined],
    ['http://127.0.0.1.example/', undefined],
    ['http://xlocalhost/', undefined],
  ])('is, for %s, %s', (url, scope) => {
    expect(scopeOfHost(new URL(url).hostname)).toBe(scope)
  })
})

it('scopes go from the one that nobody may name to the one that everybody may', () => {
  const order = ['special', 'loopback', 'link-local', 'private', 'public'] as const
  for (const [position, scope] of order.entries()) {
    expect(order.filter((limit) => isAtLeast(scope, limit))).toEqual(order.slice(0, position + 1))
  }
})
