import { isIPv6 } from 'node:net'

/**
 * The network that an address is counted under, so that nobody passes for many: whoever has one IPv6 address has
 * the other 2^64 of its network too. IPv4 addresses stand for themselves, also when they come as `::ffff:192.0.2.1`.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1] as string
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  // `::` stands for as many zeros as are missing; those after it matter only when it is short.
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
