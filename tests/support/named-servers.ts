import type { LookupAddress } from 'node:dns'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, type LookupFunction, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { makeAuthority } from './certificate.ts'

/** An https server of this machine that counts who comes, and answers with JSON by path. */
export interface NamedServer {
  readonly port: number
  /** Connections that were made, whatever was sent. */
  connections(): number
  /** The requests, such as `GET public.test.example /path`. */
  readonly requests: readonly string[]
}

const address = (text: string): LookupAddress => ({ address: text, family: text.includes(':') ? 6 : 4 })

/**
 * Hosts below `test.example` that a resolver of the test leads to addresses of its choice, over https that this
 * process trusts. A host whose addresses begin with this machine's is served here, whatever else it says to be.
 */
export function createNamedServers(hosts: Readonly<Record<string, readonly string[]>>) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-named-'))
  const authority = makeAuthority(folder)
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, readFileSync(authority.caFile, 'utf8')])
  const { certFile, keyFile } = authority.issue('named', { host: '*.test.example' })
  // On a busy machine the first address is slow, and the second one must not be tried for that.
  setDefaultAutoSelectFamilyAttemptTimeout(60_000)
  const table = new Map(Object.entries(hosts))
  const running: Server[] = []
  const resolve: LookupFunction = (hostname, _options, callback) => {
    const found = table.get(hostname.replace(/\.test\.example$/, ''))
    if (!found) return callback(Object.assign(new Error(hostname), { code: 'ENOTFOUND' }), '', 0)
    setImmediate(() => callback(null, found.map(address)))
  }
  return {
    resolve,
    /** What signed the certificates: a PEM file. */
    caFile: authority.caFile,
    /** From now on the host is somewhere else. */
    move: (host: string, ...addresses: readonly string[]) => table.set(host, addresses),
    async start(answers: (port: number) => Readonly<Record<string, unknown>>): Promise<NamedServer> {
      let connections = 0
      const requests: string[] = []
      const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
      server.on('connection', () => {
        connections += 1
      })
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
      running.push(server)
      const { port } = server.address() as AddressInfo
      server.on('request', ({ method, url, headers }, response) => {
        requests.push(`${method} ${headers.host?.replace(/:.*/, '')} ${url}`)
        const answer = answers(port)[url ?? '']
        response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer ?? {}))
      })
      return { port, connections: () => connections, requests }
    },
    async stop(): Promise<void> {
      setDefaultCACertificates(before)
      for (const server of running.splice(0)) {
        server.closeAllConnections()
        await new Promise((closed) => server.close(closed))
      }
      rmSync(folder, { recursive: true })
    },
  }
}
