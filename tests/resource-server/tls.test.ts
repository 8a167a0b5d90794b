import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { ConfigError } from '../../config/index.ts'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'

let folder: string
let certFile: string
let keyFile: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-tls-'))
  certFile = join(folder, 'cert.pem')
  keyFile = join(folder, 'key.pem')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, '-keyout', keyFile, '-out', certFile, ...subject], {
    stdio: 'ignore',
  })
})
afterAll(() => rm(folder, { recursive: true }))

/** The status of a GET over TLS, verified against the certificate. */
function get(port: number, ca: Buffer, options: object = {}): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const sent = request({ host: 'localhost', port, ca, agent: false, ...options }, (res) => {
    res.resume()
    resolve(res.statusCode)
  })
  sent.on('error', reject).end()
  return promise
}

it('serves over TLS with the certificate and the key, and not by versions before 1.2', async () => {
  const server = createHttpServer((_, res) => res.end('ok'), { tls: { certFile, keyFile } })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  const ca = await readFile(certFile)
  expect(await get(port, ca)).toBe(200)
  await expect(get(port, ca, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow()
  await stop(server, 0)
})

it.each([
  ['TLS_CERT', () => ({ certFile: join(folder, 'missing.pem'), keyFile })],
  ['TLS_KEY', () => ({ certFile, keyFile: join(folder, 'missing.pem') })],
])('says that it is %s when the file cannot be read', (variable, files) => {
  const create = () => createHttpServer(() => {}, { tls: files() })
  expect(create).toThrow(ConfigError)
  expect(create).toThrow(new RegExp(`${variable} +the file cannot be read \\(ENOENT\\)`))
})

it('says so when the files are no pair', async () => {
  const other = join(folder, 'other.pem')
  await writeFile(other, 'no key')
  expect(() => createHttpServer(() => {}, { tls: { certFile, keyFile: other } })).toThrow(
    /not a pair of PEM files/,
  )
})
