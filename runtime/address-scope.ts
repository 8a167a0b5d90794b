import { BlockList, isIP } from 'node:net'

/**
 * How far an address reaches, from the narrowest: `special` is for no host that may be named (unspecified, multicast,
 * documentation, wrapped addresses), `loopback` this machine, `link-local` the network segment with cloud metadata
 * services, `private` a site or a provider's inside, `public` the Internet.
 */
export type AddressScope = (typeof scopes)[number]

const scopes = ['special', 'loopback', 'link-local', 'private', 'public'] as const

/** Whether an address of this scope is at least as public as `limit`. `special` ones are only for `special` limits. */
export function isAtLeast(scope: AddressScope, limit: AddressScope): boolean {
  return scopes.indexOf(scope) >= scopes.indexOf(limit)
}

/** The narrower and the wider of the scopes. */
export function rangeOf(found: readonly AddressScope[]): {
  readonly narrowest: AddressScope
  readonly widest: AddressScope
} {
  const sorted = scopes.filter((scope) => found.includes(scope))
  return { narrowest: sorted[0] ?? 'special', widest: sorted.at(-1) ?? 'special' }
}

/** IANA's registries of special-purpose addresses (RFC 6890), and multicast. The first network that fits decides. */
const networks: readonly (readonly [network: string, prefix: number, scope: AddressScope])[] = [
  ['127.0.0.0', 8, 'loopback'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'private'],
  ['169.254.0.0', 16, 'link-local'],
  ['172.16.0.0', 12, 'private'],
  ['192.168.0.0', 16, 'private'],
  // Benchmarking. Tunnels answer all names with these, the private ones and the public ones.
  ['198.18.0.0', 15, 'private'],
  ['0.0.0.0', 8, 'special'],
  ['192.0.0.0', 24, 'special'],
  ['192.0.2.0', 24, 'special'],
  ['192.31.196.0', 24, 'special'],
  ['192.52.193.0', 24, 'special'],
  ['192.88.99.0', 24, 'special'],
  ['192.175.48.0', 24, 'special'],
  ['198.51.100.0', 24, 'special'],
  ['203.0.113.0', 24, 'special'],
  ['224.0.0.0', 3, 'special'],
  ['0.0.0.0', 0, 'public'],
  ['::1', 128, 'loopback'],
  ['fe80::', 10, 'link-local'],
  ['fc00::', 7, 'private'],
  ['fec0::', 10, 'private'],
  // The exceptions within 2000::/3: protocols and documentation.
  ['2001::', 23, 'special'],
  ['2001:db8::', 32, 'special'],
  ['2002::', 16, 'special'],
  ['2620:4f:8000::', 48, 'special'],
  ['3fff::', 20, 'special'],
  ['2000::', 3, 'public'],
]

/** IPv6 addresses that wrap an IPv4 address: where it stands, in groups of 16 bits. */
const wrappers: readonly (readonly [
  network: string,
  prefix: number,
  at: number,
  how?: 'inverted' | 'translated',
])[] = [
  ['::ffff:0:0', 96, 6], // IPv4-mapped
  ['::ffff:0:0:0', 96, 6], // IPv4-translated (RFC 2765)
  ['64:ff9b::', 96, 6, 'translated'], // NAT64 (RFC 6052)
  ['2002::', 16, 1], // 6to4
  ['2001::', 32, 6, 'inverted'], // Teredo
  ['::', 96, 6], // IPv4-compatible
]

const table = networks.map(([network, prefix, scope]) => ({ list: listOf(network, prefix), scope }))
const wrapping = wrappers.map(([network, prefix, at, how]) => ({ list: listOf(network, prefix), at, how }))

function listOf(network: string, prefix: number): BlockList {
  const list = new BlockList()
  list.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6')
  return list
}

/** @param address as a resolver gives it, with a zone or without. What is not an address is `special`. */
export function scopeOfAddress(address: string): AddressScope {
  const plain = address.replace(/%.*$/s, '')
  const family = isIP(plain)
  if (family === 0) return 'special'
  if (family === 4) return look(plain, 'ipv4')
  if (plain !== '::1' && look(plain, 'ipv6') !== 'loopback') {
    const wrapper = wrapping.find(({ list }) => list.check(plain, 'ipv6'))
    if (wrapper) return scopeOfWrapped(plain, wrapper)
  }
  return look(plain, 'ipv6')
}

function look(address: string, family: 'ipv4' | 'ipv6'): AddressScope {
  // BlockList takes an IPv4-mapped address for the IPv4 address: those are unwrapped before.
  return table.find(({ list }) => list.check(address, family))?.scope ?? 'special'
}

/** The internal address inside decides. A public one has no reason to be wrapped, but for translation to IPv4. */
function scopeOfWrapped(
  address: string,
  { at, how }: Pick<(typeof wrapping)[number], 'at' | 'how'>,
): AddressScope {
  const flip = how === 'inverted' ? 0xffff : 0
  const bytes = groupsOf(address)
    .slice(at, at + 2)
    .flatMap((group) => [(group ^ flip) >> 8, (group ^ flip) & 0xff])
  const inner = look(bytes.join('.'), 'ipv4')
  return inner === 'public' && how !== 'translated' ? 'special' : inner
}

/** The eight groups of an IPv6 address. A URL writes it in hexadecimal alone. */
function groupsOf(address: string): readonly number[] {
  const written = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [before = [], after] = written
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))))
  if (!after) return before
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/**
 * The scope of a host that needs no resolver: an address, or a name of this machine (RFC 6761 §6.3).
 * @param hostname as a URL has it: odd spellings such as `0x7f.1` are normal by then
 * @returns undefined for a name that has to be looked up
 */
export function scopeOfHost(hostname: string): AddressScope | undefined {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  if (isIP(host) !== 0) return scopeOfAddress(host)
  return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : undefined
}

/**
 * True for an address of the public Internet. False for this machine, its networks, cloud metadata services,
 * anything that only wraps such an address, and whatever is not an address.
 */
export function isPublicAddress(address: string): boolean {
  return scopeOfAddress(address) === 'public'
}
