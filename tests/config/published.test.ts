import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { keyProblem } from '../../config/published-keys.ts'
import { secretProblem } from '../../config/published-secrets.ts'
import { writeClientsFile } from '../support/clients-file.ts'

const rfc7515 = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const rfc8037 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
const production = {
  NODE_ENV: 'production',
  ISSUER: 'https://auth.example.com',
  RESOURCE: 'https://mcp.example.com/mcp',
  TRUST_PROXY: 'loopback',
  STORE: 'sqlite:state.db',
  STORE_KEY: randomBytes(32).toString('base64'),
  ACCOUNTS: 'accounts.json',
  RESOURCE_CLIENT_SECRET: randomBytes(32).toString('base64'),
}
const problemOf = (env: Record<string, string>, role: 'provider' | 'resource-server' = 'provider') => {
  try {
    loadConfig({ ...production, ...env }, role)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...globSync('docs/**/*.md'),
  ...globSync('bench/*.md'),
]

describe('published keys', () => {
  it.each([
    ['as it is printed', rfc7515],
    ['with its private half', { ...rfc7515, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }],
    ['with another kid, use and alg', { ...rfc7515, kid: 'mine', use: 'sig', alg: 'ES256' }],
    ['spelled in base64 with padding', { ...rfc7515, y: 'x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0=' }],
    ['of another kind', rfc8037],
  ])('are recognised %s', (_, key) => {
    expect(keyProblem(key)).toMatch(/is the example key of RFC/)
  })

  it('are not keys of one’s own, and what cannot be read is none', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(keyProblem(publicKey.export({ format: 'jwk' }))).toBeUndefined()
    for (const broken of [{ ...rfc7515, x: '<from your key>' }, { kty: 'oct', k: 'AAAA' }, 'key', null]) {
      expect(keyProblem(broken)).toBe('cannot be read as a key')
    }
  })

  it('start no provider in CLIENTS and RESOURCE_CLIENT_JWKS', () => {
    const jwks = { keys: [rfc7515] }
    const CLIENTS = writeClientsFile([
      {
        client_id: 'reports',
        grant_types: ['client_credentials'],
        scope: 'read',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks,
      },
    ])
    expect(problemOf({ CLIENTS })).toMatch(/client "reports": jwks.keys.0 is the example key of RFC 7515 A.3/)
    expect(problemOf({ RESOURCE_CLIENT_JWKS: writeClientsFile(jwks) })).toMatch(
      /RESOURCE_CLIENT_JWKS {2}keys.0 is the example key of RFC 7515 A.3/,
    )
  })
})

describe('published secrets', () => {
  it.each([
    ['CLIENT_SECRET', 'a-string-secret-at-least-256-bits-long'],
    ['RESOURCE_CLIENT_SECRET', 'your-256-bit-secret'],
    ['REGISTRATION_TOKEN', 'a secret of at least 32 characters'],
    ['COOKIE_KEYS', 'A-String-Secret-At-Least-256-Bits-Long'],
    ['STORE_KEY', `${production.STORE_KEY},a-string-secret-at-least-256-bits-long`],
  ])('start no provider in %s', (variable, secret) => {
    expect(problemOf({ [variable]: secret })).toMatch(new RegExp(`${variable} .*is a published example`))
  })

  it.each(['RESOURCE_CLIENT_SECRET', 'DPOP_NONCE_KEY'])('start no MCP server in %s', (variable) => {
    const env = { [variable]: 'a-string-secret-at-least-256-bits-long' }
    expect(problemOf(env, 'resource-server')).toMatch(new RegExp(`${variable} .*is a published example`))
  })

  it('are not secrets of one’s own, and say nothing of what was given', () => {
    expect(problemOf({})).toBe('')
    expect(secretProblem(randomBytes(32).toString('base64'))).toBeUndefined()
    expect(problemOf({ CLIENT_SECRET: '<a CANARY that is long enough>' })).toMatch(/placeholder/)
    expect(problemOf({ CLIENT_SECRET: '<a CANARY that is long enough>' })).not.toContain('CANARY')
  })
})

describe('the documentation', () => {
  it('shows no key that can be used', async () => {
    const found: string[] = []
    for (const page of pages) {
      const text = await readFile(page, 'utf8')
      for (const [key] of text.matchAll(/\{[^{}]*"kty"[^{}]*\}/g)) {
        if (keyProblem(JSON.parse(key)) === undefined) found.push(`${page}: ${key}`)
      }
      if (/-----BEGIN [A-Z ]*KEY-----/.test(text)) found.push(`${page}: a key in PEM`)
    }
    expect(pages.length).toBeGreaterThan(10)
    expect(found).toEqual([])
  })

  it('shows no secret that can be used', async () => {
    const named =
      /\b(\w*(?:SECRET|STORE_KEY|COOKIE_KEYS|NONCE_KEY|PASSPHRASE|REGISTRATION_TOKEN))=("[^"\n]*"|[^\s`,"]+)/g
    const inJson = /"(client_secret|password)":\s*"([^"]*)"/g
    const found: string[] = []
    for (const page of pages) {
      const text = await readFile(page, 'utf8')
      for (const [, name, value = ''] of [...text.matchAll(named), ...text.matchAll(inJson)]) {
        const secret = value.replaceAll('"', '')
        // A reference, a list in words such as `new,old`, or shorter than every secret may be.
        if (secret.startsWith('$') || secret.length < 16) continue
        if (secretProblem(secret) === undefined) found.push(`${page}: ${name}`)
      }
    }
    expect(found).toEqual([])
  })
})
