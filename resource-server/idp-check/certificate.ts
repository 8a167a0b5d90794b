import { isIP } from 'node:net'
import { connect, type PeerCertificate } from 'node:tls'
import { type Finding, note, ok, type Subject, warning } from './finding.ts'

/** A certificate that ends within this many days is worth a word. */
const soonDays = 14

/**
 * How the issuer's host proves who it is. That the proof is good, the documents have shown already: they were fetched.
 * @param now Unix milliseconds
 */
export async function checkCertificate(
  { config: { issuer }, timeoutMs }: Pick<Subject, 'config' | 'timeoutMs'>,
  now = Date.now(),
): Promise<Finding> {
  const { protocol, hostname, port } = new URL(issuer)
  if (protocol === 'http:') return note('TLS', 'none: plain http, which is for this machine only')
  const certificate = await load(hostname, Number(port || 443), timeoutMs).catch(() => undefined)
  if (!certificate) return ok('TLS', 'trusted')
  const days = Math.floor((Date.parse(certificate.valid_to) - now) / 86_400_000)
  const until = new Date(certificate.valid_to).toISOString().slice(0, 10)
  const authority = [certificate.issuer.O ?? certificate.issuer.CN ?? 'an authority'].flat().join(' ')
  const found = `trusted, by ${authority}, until ${until}`
  if (days >= soonDays) return ok('TLS', found)
  return warning('TLS', `${found}: ${days} days`, `renew the certificate at ${hostname}`)
}

async function load(hostname: string, port: number, timeoutMs: number): Promise<PeerCertificate> {
  const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>()
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port, ...(isIP(host) === 0 && { servername: host }) })
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('timed out')))
  socket.once('secureConnect', () => resolve(socket.getPeerCertificate()))
  socket.once('error', reject)
  return await promise.finally(() => socket.destroy())
}
