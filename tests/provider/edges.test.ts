import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { createProvider } from '../../provider/app.ts'
import { renewCertificate } from '../../runtime/certificate.ts'
import { createHttpServer } from '../../runtime/http-server.ts'
import { listen } from '../../runtime/listen.ts'
import { stop } from '../../runtime/shutdown.ts'
import { captureLog } from '../support/captured-log.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-edges-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterAll(killPrograms)

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

function makeCertificate(): { TLS_CERT: string; TLS_KEY: string } {
  const [TLS_CERT, TLS_KEY] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...key, '-keyout', TLS_KEY, '-out', TLS_CERT, ...names], {
    stdio: 'ignore',
  })
  return { TLS_CERT, TLS_KEY }
}

/** The real provider behind the real server, as main.ts puts them together. */
async function serve(env: Record<string, string> = {}) {
  const log = captureLog()
  const port = await findFreePort()
  const ISSUER = `${env.TLS_CERT ? 'https' : 'http'}://localhost:${port}`
  const config = loadConfig({ PORT: String(port), ISSUER, ...env }, 'provider')
  const provider = await createProvider(config, { logger: log.logger })
  const server = createHttpServer(provider.listener, config)
  await listen(server, config)
  closing.push(() => stop(server, 0).then(() => provider.close()))
  return { port, config, server, provider, log, issuer: ISSUER }
}

function get(port: number, ca: Buffer) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    hsts: unknown
    body: string
  }>()
  request(
    { host: 'localhost', port, path: '/.well-known/oauth-authorization-server', ca, agent: false },
    (res) => {
      let body = ''
      res.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      const hsts = res.headers['strict-transport-security']
      res.on('end', () => resolve({ status: res.statusCode ?? 0, hsts, body }))
    },
  )
    .on('error', reject)
    .end()
  return promise
}

describe('TLS_CERT and TLS_KEY', () => {
  it('serve the https issuer, tell browsers to stay with it, and renew themselves without a restart', async () => {
    const files = makeCertificate()
    const { port, config, server, log, issuer } = await serve(files)
    renewCertificate(server, config, log.logger, 20)
    const first = await readFile(files.TLS_CERT)
    const { status, hsts, body } = await get(port, first)
    expect([status, hsts]).toEqual([200, expect.stringMatching(/^max-age=31536000/)])
    expect(JSON.parse(body)).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })

    makeCertificate()
    const second = await readFile(files.TLS_CERT)
    // Until the new files are noticed the old certificate is served.
    while ((await get(port, second).catch(() => undefined)) === undefined);
    await expect(get(port, first)).rejects.toThrow()
    expect(log.records()).toContainEqual(
      expect.objectContaining({ msg: 'the certificate has been read again' }),
    )
  })
})

describe('slow clients', () => {
  it('that never finish their headers are cut off, and hold up nobody meanwhile (slowloris)', async () => {
    const { port, server, issuer } = await serve()
    expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000])
    server.headersTimeout = 300
    const sockets = Array.from({ length: 200 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {}) // being cut off is what is waited for
      socket.write('POST /token HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
      return socket
    })
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`${issuer}/.well-known/oauth-authorization-server`)),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    for (const socket of sockets) socket.resume()
    await Promise.all(closed)
  })
})

describe('a stop', () => {
  it('finishes what is in flight, lets nobody new in, and says at once that it is not ready', async () => {
    const [port, metricsPort] = [await findFreePort(), await findFreePort()]
    const program = startProgram('provider/main.ts', {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
    })
    await program.wrote(/operations/)
    const ready = () => fetch(`http://127.0.0.1:${metricsPort}/readyz`).then(({ status }) => status)
    expect(await ready()).toBe(200)

    const body = 'grant_type=refresh_token&refresh_token=x&client_id=test-client'
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('utf8')
    socket.write(
      `POST /token HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    )
    // The request has reached the server when it is counted.
    const inFlight = () => fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.text())
    while (!/gatehouse_requests_in_flight 1/.test(await inFlight()));

    const ended = program.stop('SIGTERM')
    while ((await ready()) !== 503);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    socket.write(body.slice(10))
    const [answer] = await once(socket, 'data')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('invalid_grant')
    expect((await ended).code).toBe(0)
  })
})
