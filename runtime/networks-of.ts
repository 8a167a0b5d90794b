import { isIPv4, isIPv6 } from 'node:net'

/** A network that an address belongs to, as far as limits go. */
export interface Network {
  /** Names the network, whatever the spelling of the address: `203.0.113.7`, `2001:db8:1:2::/64`. */
  readonly key: string
  /** Bits of the prefix: 32 stands for one IPv4 address. */
  readonly prefix: 32 | 64 | 56 | 48
  /** How many times the limit of one address this network has. */
  readonly share: number
}

/** From narrow to wide. A site often has a /56 or a /48: with 256 or 65,536 shares it would be many addresses. */
const prefixes = [
  { prefix: 64, share: 1 },
  { prefix: 56, share: 4 },
  { prefix: 48, share: 8 },
] as const

/**
 * The networks that an address is counted in, from narrow to wide. IPv4 addresses stand for themselves, also inside
 * IPv6: mapped (RFC 4291 §2.5.5.2), translated (RFC 6052 §2.1, RFC 2765 §2.1), 6to4 (RFC 3056 §2) and Teredo
 * (RFC 4380 §4). A port and a zone are left out. What is no address counts as one network, `unknown`.
 */
export function networksOf(address: string): readonly [Network, ...Network[]] {
  const bare = withoutPort(address)
  if (isIPv4(bare)) return [{ key: bare, prefix: 32, share: 1 }]
  if (!isIPv6(bare)) return [{ key: 'unknown', prefix: 32, share: 1 }]
  const groups = groupsOf(bare)
  const embedded = embeddedIPv4(groups)
  if (embedded !== undefined) return [{ key: embedded, prefix: 32, share: 1 }]
  const [narrow, ...wide] = prefixes.map(({ prefix, share }) => ({
    key: `${maskedTo(groups, prefix)}::/${prefix}`,
    prefix,
    share,
  }))
  return [narrow as Network, ...wide]
}

/** The narrowest network of an address. */
export function networkOf(address: string): string {
  return networksOf(address)[0].key
}

/** Some proxies write the port into X-Forwarded-For: each connection would be an address of its own. */
function withoutPort(address: string): string {
  const [, bracketed, dotted] = /^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(address.trim()) ?? []
  return (bracketed ?? dotted ?? address.trim()).replace(/%.*$/s, '')
}

/** Eight numbers. @param address IPv6 without a zone */
function groupsOf(address: string): readonly number[] {
  // The URL parser writes the dotted form in hexadecimal.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  if (tail === undefined) return numbers(head)
  const [before, after] = [numbers(head), numbers(tail)]
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
}

const embeddings: readonly {
  readonly head: readonly number[]
  readonly at: number
  readonly mask?: number
}[] = [
  { head: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { head: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { head: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { head: [0x2002], at: 1 },
  // Teredo writes the address inverted.
  { head: [0x2001, 0], at: 6, mask: 0xffff },
]

function embeddedIPv4(groups: readonly number[]): string | undefined {
  const found = embeddings.find(({ head }) => head.every((group, index) => groups[index] === group))
  if (!found) return undefined
  const { at, mask = 0 } = found
  return groups
    .slice(at, at + 2)
    .map((group) => group ^ mask)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')
}

function maskedTo(groups: readonly number[], prefix: number): string {
  return groups
    .slice(0, Math.ceil(prefix / 16))
    .map((group, index) =>
      prefix - index * 16 >= 16 ? group : group & (0xffff << (16 - (prefix % 16))) & 0xffff,
    )
    .map((group) => group.toString(16))
    .join(':')
}
