import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import {
  type Authority,
  type CertificateFiles,
  makeAuthority,
  makeCertificate,
} from '../support/certificate.ts'
import { makeClientHome } from '../support/client-process.ts'
import { openServer } from '../support/http-server.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'
import { authorizationServerMetadata, createStandIns, type StandInAnswer } from '../support/stand-in.ts'

const standIns = createStandIns()
const closing: (() => Promise<void> | void)[] = []
let folder: string
let authority: Authority
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-issuers-'))
  authority = makeAuthority(folder)
})
afterEach(async () => {
  killPrograms()
  await standIns.stop()
  for (const close of closing.splice(0)) await close()
})
afterAll(() => rm(folder, { recursive: true }))

type Env = Readonly<Record<string, string>>

interface BadIssuer {
  readonly issuer: string
  readonly env?: Env
}

/** An issuer whose two documents are the same. */
async function documents(answer: (origin: string) => StandInAnswer): Promise<BadIssuer> {
  const { origin } = await standIns.start((own) => ({
    '/.well-known/oauth-authorization-server': answer(own),
    '/.well-known/openid-configuration': answer(own),
    '/introspect': { body: { active: false } },
    '/jwks': { body: { keys: [] } },
  }))
  return { issuer: origin }
}

const metadataOf = (origin: string, more: object = {}) => ({
  ...authorizationServerMetadata(origin),
  introspection_endpoint: `${origin}/introspect`,
  jwks_uri: `${origin}/jwks`,
  ...more,
})

async function overTls(files: CertificateFiles, env: Env = {}): Promise<BadIssuer> {
  const keys = { cert: await readFile(files.certFile), key: await readFile(files.keyFile) }
  let body = '{}'
  const server = createServer(keys, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => void server.close())
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`
  body = JSON.stringify(metadataOf(issuer))
  return { issuer, env }
}

const trusting = () => ({ NODE_EXTRA_CA_CERTS: authority.caFile })

/** What `npm run idp:check` says, and its exit code. */
async function check({ issuer, env }: BadIssuer) {
  return await startProgram('resource-server/idp-check/main.ts', { ISSUER: issuer, ...env }).ended
}

/** What `npm run mcp` says at its start, and then what `npm run client -- login` says of it. */
async function start({ issuer, env }: BadIssuer) {
  const port = String(await findFreePort())
  const mcp = startProgram('resource-server/main.ts', {
    ISSUER: issuer,
    PORT: port,
    LOG_LEVEL: 'silent',
    ...env,
  })
  await mcp.wrote(/Ctrl-C stops it/)
  const home = await makeClientHome({ RESOURCE: `http://localhost:${port}/mcp`, ...env })
  closing.push(home.remove)
  return { banner: mcp.output.stdout, login: () => home.run('login').ended }
}

describe('an issuer that cannot be used is told by npm run idp:check, npm run mcp and npm run client, with what to change', () => {
  it.each<readonly [string, () => Promise<BadIssuer>, RegExp, RegExp, RegExp, number]>([
    [
      'a document of another issuer',
      () => documents(() => ({ body: metadataOf('https://other.example') })),
      /names another issuer: https:\/\/other\.example/,
      /set ISSUER=https:\/\/other\.example if that is the one you mean/,
      /set ISSUER=https:\/\/other\.example/,
      3,
    ],
    [
      'a slash too many',
      async () => ({ issuer: `${(await documents((own) => ({ body: metadataOf(own) }))).issuer}/` }),
      /names another issuer: http:\/\/localhost:\d+\n/,
      /without the slash at the end/,
      /without the slash at the end/,
      3,
    ],
    [
      'a slash too few',
      () => documents((own) => ({ body: metadataOf(own, { issuer: `${own}/` }) })),
      /names another issuer: http:\/\/localhost:\d+\/\n/,
      /with the slash at the end/,
      /with the slash at the end/,
      3,
    ],
    [
      'nothing there',
      () => documents(() => ({ status: 404 })),
      /answers 404/,
      /ISSUER/,
      /ISSUER must be the issuer as that server itself writes it/,
      3,
    ],
    [
      'a page for people',
      () => documents(() => ({ headers: { 'content-type': 'text/html' }, body: '<html>Welcome</html>' })),
      /something else than JSON \(text\/html\)/,
      /ISSUER/,
      /ISSUER must be the issuer as that server itself writes it/,
      3,
    ],
    [
      'nobody at the port',
      async () => ({ issuer: `http://localhost:${await findFreePort()}/tenant` }),
      /does not answer \(connection refused\)/,
      /nothing listens at localhost:\d+: start it there, or correct ISSUER/,
      /connection refused/,
      5,
    ],
    [
      'a host that nobody knows',
      async () => ({ issuer: 'https://no-such-host.invalid' }),
      /does not answer \((no such host|the name cannot be resolved now)\)/,
      /DNS/,
      /DNS/,
      5,
    ],
    [
      'a certificate that is signed by itself',
      () => overTls(makeCertificate(folder)),
      /its certificate is signed by itself/,
      /set NODE_EXTRA_CA_CERTS to a file with that certificate/,
      /set NODE_EXTRA_CA_CERTS/,
      5,
    ],
    [
      'a certificate of a private authority',
      () => overTls(authority.issue('private')),
      /an authority that this machine does not know/,
      /set NODE_EXTRA_CA_CERTS to a file with that authority’s certificate/,
      /set NODE_EXTRA_CA_CERTS/,
      5,
    ],
    [
      'a certificate that has expired',
      () => overTls(authority.issue('expired', { expired: true }), trusting()),
      /its certificate has expired/,
      /renew it at localhost:\d+/,
      /renew it at/,
      5,
    ],
    [
      'a certificate for another host',
      () => overTls(authority.issue('other', { host: 'other.example' }), trusting()),
      /its certificate is for another host name/,
      /write ISSUER with a name that the certificate has/,
      /with a name that the certificate has/,
      5,
    ],
  ])(
    '%s',
    async (_, make, found, change, hint, status) => {
      const bad = await make()
      const [checked, { banner, login }] = await Promise.all([check(bad), start(bad)])
      expect(checked.code).toBe(1)
      for (const output of [checked.stdout, banner]) {
        expect(output).toMatch(found)
        expect(output).toMatch(change)
      }
      const signIn = await login()
      expect(signIn.stderr).toMatch(hint)
      expect(signIn.code).toBe(status)
    },
    30_000,
  )

  it('no answer in time', async () => {
    const { origin, close } = await openServer(() => {})
    closing.push(close)
    const [checked, { banner }] = await Promise.all([check({ issuer: origin }), start({ issuer: origin })])
    expect(checked.code).toBe(1)
    for (const output of [checked.stdout, banner]) {
      expect(output).toMatch(/does not answer \(timed out\)/)
      expect(output).toMatch(/HTTPS_PROXY/)
    }
  })

  it('a certificate of a private authority that NODE_EXTRA_CA_CERTS names is trusted', async () => {
    const { issuer, env } = await overTls(authority.issue('good'), trusting())
    const { stdout } = await check({ issuer, env: { ...env, IDP: 'generic' } })
    expect(stdout).toMatch(/ok +TLS +trusted, by A private authority, until 2049-12-31/)
    expect(stdout).toMatch(/ok +issuer/)
  })

  it('keys at an address that is none', async () => {
    const bad = await documents((own) => ({ body: metadataOf(own, { jwks_uri: '/jwks' }) }))
    const [{ stdout }, { banner }] = await Promise.all([check(bad), start(bad)])
    for (const output of [stdout, banner]) expect(output).toContain('jwks_uri is "/jwks"')
  })

  it('a secret that the issuer does not take', async () => {
    const { origin: issuer } = await standIns.start((own) => ({
      '/.well-known/oauth-authorization-server': { body: metadataOf(own) },
      '/introspect': { status: 401, body: { error: 'invalid_client' } },
    }))
    const [checked, { banner }] = await Promise.all([check({ issuer }), start({ issuer })])
    expect(checked.code).toBe(1)
    for (const output of [checked.stdout, banner]) {
      expect(output).toContain('mcp-server is refused: wrong RESOURCE_CLIENT_ID or RESOURCE_CLIENT_SECRET')
      expect(output).toContain('→ start npm run provider and npm run mcp with the same')
    }
  })

  it('a clock that is an hour off, with the seconds and the machine to set', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const bad = await documents((own) => ({ headers: { date }, body: metadataOf(own) }))
    const [checked, { banner }] = await Promise.all([check(bad), start(bad)])
    for (const output of [checked.stdout, banner]) {
      expect(output).toMatch(/this machine’s is (35\d\d|3600) s behind that of localhost:\d+/)
      expect(output).toMatch(/set this machine’s clock/)
    }
  })
})

it.each([
  ['https://login.microsoftonline.com/common/v2.0', /ISSUER +must name a tenant/],
  ['https://tenant.auth0.com', /ISSUER +must end with a slash/],
  ['https://id.example.com/realms/staff/', /ISSUER +must not end with a slash/],
])(
  '%s is refused by npm run idp:check and npm run mcp alike, before anything is asked',
  async (issuer, advice) => {
    const endings = [check({ issuer }), startProgram('resource-server/main.ts', { ISSUER: issuer }).ended]
    for (const { code, stderr } of await Promise.all(endings)) {
      expect(code).toBe(2)
      expect(stderr).toMatch(advice)
    }
  },
)
