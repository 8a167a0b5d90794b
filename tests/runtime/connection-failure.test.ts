import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { connectionFailure } from '../../runtime/connection-failure.ts'
import {
  type Authority,
  type CertificateFiles,
  makeAuthority,
  makeCertificate,
} from '../support/certificate.ts'
import { openServer } from '../support/http-server.ts'

let folder: string
let authority: Authority
const closing: (() => void)[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-failures-'))
  authority = makeAuthority(folder)
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})
afterAll(() => rm(folder, { recursive: true }))

/** @returns an https URL of this machine */
async function serve({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const server = createServer({ cert: await readFile(certFile), key: await readFile(keyFile) }, (_, res) =>
    res.end('ok'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function failureOf(url: string, signal?: AbortSignal) {
  const error = await fetch(url, { signal: signal ?? null }).then(
    () => undefined,
    (thrown) => thrown,
  )
  return connectionFailure(error, url, 'ISSUER')
}

describe('a server that gives no answer', () => {
  it('refuses the connection: start it there, or correct the setting', async () => {
    const { origin, close } = await openServer()
    await close()
    expect(await failureOf(origin)).toEqual({
      code: 'ECONNREFUSED',
      reason: 'connection refused',
      remedy: `nothing listens at ${new URL(origin).host}: start it there, or correct ISSUER`,
      untrusted: false,
    })
  })

  it('has a name that nobody knows', async () => {
    const failure = await failureOf('https://no-such-host.invalid')
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(failure?.code)
    expect(failure?.remedy).toContain('DNS')
  })

  it('takes too long', async () => {
    const { origin, close } = await openServer(() => {})
    expect(await failureOf(origin, AbortSignal.timeout(20))).toMatchObject({
      reason: 'timed out',
      remedy: expect.stringContaining('HTTPS_PROXY'),
    })
    await close()
  })

  it('closes the connection', async () => {
    const { origin, close } = await openServer((request) => request.socket.destroy())
    expect(await failureOf(origin)).toMatchObject({ reason: 'connection closed' })
    await close()
  })

  it('does not speak TLS', async () => {
    const { origin, close } = await openServer()
    expect(await failureOf(origin.replace('http:', 'https:'))).toMatchObject({
      reason: 'it does not speak TLS',
      remedy: expect.stringContaining('port in ISSUER'),
    })
    await close()
  })
})

describe('a server that is not trusted', () => {
  it.each([
    [
      'by its own signature',
      () => makeCertificate(folder),
      /signed by itself/,
      /NODE_EXTRA_CA_CERTS.*that certificate/,
    ],
    [
      'by a private authority',
      () => authority.issue('private'),
      /an authority that/,
      /NODE_EXTRA_CA_CERTS.*authority/,
    ],
  ] as const)('has a certificate %s', async (_, files, reason, remedy) => {
    const failure = await failureOf(await serve(files()))
    expect(failure?.untrusted).toBe(true)
    expect(failure?.reason).toMatch(reason)
    expect(failure?.remedy).toMatch(remedy)
  })

  it.each([
    ['that has expired', { expired: true }, 'its certificate has expired', /renew it.*clock/],
    ['for another host', { host: 'other.example' }, 'its certificate is for another host name', /ISSUER/],
    ['that is good', {}, undefined, undefined],
  ] as const)('where its authority is known, has a certificate %s', async (_, options, reason, remedy) => {
    const url = await serve(authority.issue('trusted', options))
    // NODE_EXTRA_CA_CERTS, which the advice names, is read at the start of a process.
    const script = `import { connectionFailure } from '${new URL('../../runtime/connection-failure.ts', import.meta.url)}'
      const error = await fetch('${url}').catch((thrown) => thrown)
      console.log(JSON.stringify(connectionFailure(error, '${url}', 'ISSUER') ?? {}))`
    const { promise, resolve } = Promise.withResolvers<string>()
    execFile(
      process.execPath,
      ['--input-type=module-typescript', '-e', script],
      { env: { NODE_EXTRA_CA_CERTS: authority.caFile } },
      (_error, stdout) => resolve(stdout),
    )
    const failure = JSON.parse(await promise)
    expect(failure.reason).toBe(reason)
    if (remedy) expect(failure.remedy).toMatch(remedy)
  })
})

it('is not made of another error', () => {
  expect(connectionFailure(new TypeError('x'), 'http://localhost', 'ISSUER')).toBeUndefined()
  expect(connectionFailure(undefined, 'http://localhost', 'ISSUER')).toBeUndefined()
})
