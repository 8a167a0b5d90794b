import { createHmac, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, type JWTVerifyResult, jwtVerify } from 'jose'
import { authorizationRequest, Browser, obtainTokens } from '../../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../../support/start-provider.ts'

let folder: string
let path: string
let running: RunningProvider | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  path = join(folder, 'jwks.json')
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => running?.stop())

const elliptic = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  kid,
})
const rsa = (kid: string) => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid,
})

/** Puts the file in place at once, as an operator should. */
async function keep(...keys: object[]): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify({ keys }), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function start(env: Record<string, string> = {}): Promise<RunningProvider> {
  running = await startProvider({ env: { JWKS: path, ...env } })
  return running
}

/** The header of an ID token that verifies. */
async function header(provider: RunningProvider): Promise<JWTVerifyResult['protectedHeader']> {
  const { body } = await obtainTokens(provider, 'alice', { scope: 'openid' })
  const jwks = createRemoteJWKSet(new URL('/jwks', provider.issuer))
  return (await jwtVerify(String(body.id_token), jwks)).protectedHeader
}

const published = async ({ issuer }: RunningProvider): Promise<string[]> =>
  (await (await fetch(`${issuer}/jwks`)).json()).keys.map(({ kid }: { kid: string }) => kid)

describe('the operator’s signing keys', () => {
  it('sign, the first one first, and are followed when they change', async () => {
    const [first, second] = [elliptic('first'), elliptic('second')]
    await keep(first, second)
    const provider = await start()
    expect(await published(provider)).toEqual(['first', 'second'])
    expect(await header(provider)).toMatchObject({ alg: 'ES256', kid: 'first' })
    await keep(second, first)
    await provider.server.refreshKeys()
    expect(await header(provider)).toMatchObject({ kid: 'second' })
  })

  it('stay in use when the file can no longer be used', async () => {
    await keep(elliptic('first'))
    const provider = await start()
    await writeFile(path, '{"keys":', { mode: 0o600 })
    await expect(provider.server.refreshKeys()).rejects.toThrow('is not a JWKS')
    expect(await header(provider)).toMatchObject({ kid: 'first' })
  })

  it('may be RSA keys, for clients that read RS256 only', async () => {
    await keep(rsa('mine'))
    const provider = await start()
    const metadata = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata.id_token_signing_alg_values_supported).toEqual(['RS256'])
    expect(await header(provider)).toMatchObject({ alg: 'RS256', kid: 'mine' })
  })

  it('are named as the setting that is wrong when they cannot be used at the start', async () => {
    await keep({ kty: 'oct', k: 'CANARY' })
    await expect(start()).rejects.toThrow(/JWKS +key 1: "kty" missing or not usable/)
    await expect(start({ JWKS: join(folder, 'CANARY') })).rejects.toThrow(/JWKS +the file cannot be read/)
    await expect(start()).rejects.not.toThrow(/CANARY/)
  })
})

describe('the operator’s cookie keys', () => {
  it('sign the cookies, with the first one', async () => {
    const keys = ['a'.repeat(32), 'b'.repeat(32)]
    await keep(elliptic('first'))
    const provider = await start({ COOKIE_KEYS: keys.join(' ') })
    const browser = new Browser()
    const page = await browser.open(authorizationRequest(provider).url)
    const cookies = await browser.jar.getCookies(page.url)
    const cookie = (name: string) => cookies.find(({ key }) => key === name)?.value
    const signed = `gatehouse_interaction=${cookie('gatehouse_interaction')}`
    const signature = createHmac('sha1', keys[0] ?? '')
      .update(signed)
      .digest('base64url')
    expect(cookie('gatehouse_interaction.sig')).toBe(signature)
  })
})
