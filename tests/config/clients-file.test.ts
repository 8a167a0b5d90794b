import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { ConfigError, loadConfig } from '../../config/index.ts'
import { writeClientsFile } from '../support/clients-file.ts'

const load = (clients: unknown) => loadConfig({ CLIENTS: writeClientsFile(clients) }, 'provider')

function problemsOf(clients: unknown): readonly string[] {
  try {
    load(clients)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ variable, problem }) => `${variable}: ${problem}`)
  }
  return []
}

const secret = 'a-secret-of-more-than-32-characters'
const web = { client_id: 'portal', client_secret: secret, redirect_uris: ['https://portal.example/callback'] }
const jwks = { keys: [generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })] }
const machine = {
  client_id: 'reports',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks,
  scope: 'read write',
}

describe('CLIENTS', () => {
  it('gives a web client the grants of one, and a machine its scopes', () => {
    expect(load([web, machine]).clients).toEqual([
      {
        ...web,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      { ...machine, redirect_uris: [], response_types: [], scope: ['read', 'write'] },
    ])
  })

  it('is read by the provider alone', () => {
    expect(loadConfig({ CLIENTS: '/nowhere/clients.json' }, 'resource-server').clients).toEqual([])
    expect(loadConfig({}, 'provider').clients).toEqual([])
  })

  it('names a file that cannot be read', () => {
    expect(() => loadConfig({ CLIENTS: '/nowhere/clients.json' }, 'provider')).toThrow(/CLIENTS .*ENOENT/)
    expect(problemsOf('[\n  {"client_secret": "hunter2",},\n]')).toEqual([
      'CLIENTS: the file is not JSON: line 2 column 31',
    ])
    expect(problemsOf('[hunter2]')).toEqual(['CLIENTS: the file is not JSON'])
    expect(problemsOf({})).toEqual(['CLIENTS: the file holds no list of clients'])
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['no identifier', { ...web, client_id: undefined }, /^CLIENTS: client 1: client_id /],
    ['a URL for an identifier', { ...web, client_id: 'https://x.example/c' }, /client_id is not 1 to 100/],
    ['an identifier like this server’s own', { ...web, client_id: 'gatehouse-account' }, /begins with/],
    ['a misspelt field', { ...web, redirect_uri: 'x' }, /client "portal": .*redirect_uri/],
    [
      'a short secret',
      { ...web, client_secret: 'short' },
      /client "portal": client_secret is shorter than 32/,
    ],
    ['no secret', { ...web, client_secret: undefined }, /client_secret is needed with client_secret_basic/],
    [
      'a secret without use',
      { ...web, token_endpoint_auth_method: 'none' },
      /client_secret has no use with none/,
    ],
    ['no redirect', { ...web, redirect_uris: [] }, /redirect_uris is needed/],
    ['an unknown grant', { ...web, grant_types: ['implicit'] }, /grant_types\.0 is not one of/],
    ['an unknown scope', { ...machine, scope: 'read everything' }, /client "reports": scope is not made of/],
    ['a machine without scopes', { ...machine, scope: undefined }, /scope is needed/],
    ['a machine without keys', { ...machine, jwks: undefined }, /jwks or jwks_uri is needed/],
    [
      'a machine with redirects',
      { ...machine, redirect_uris: ['https://x.example/'] },
      /redirect_uris has no use/,
    ],
    [
      'a machine that signs people in',
      {
        ...machine,
        ...{ grant_types: ['client_credentials', 'authorization_code'] },
        redirect_uris: ['https://x.example/'],
      },
      /grant_types must have nothing beside client_credentials/,
    ],
    [
      'a machine with a secret',
      { ...machine, token_endpoint_auth_method: 'client_secret_post', client_secret: secret },
      /token_endpoint_auth_method must be private_key_jwt/,
    ],
    [
      'a private key',
      { ...machine, jwks: { keys: [{ ...jwks.keys[0], d: 'very-private' }] } },
      /jwks\.keys\.0 holds a private key/,
    ],
    ['a symmetric key', { ...machine, jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, /kty is not one of/],
    [
      'keys over http',
      { ...machine, jwks: undefined, jwks_uri: 'http://x.example/jwks' },
      /jwks_uri is not an https URL/,
    ],
  ])('refuses %s, naming client and field and no value', (_what, client, problem) => {
    const problems = problemsOf([client])
    expect(problems.join('\n')).toMatch(problem)
    expect(problems.join('\n')).not.toMatch(/very-private|a-secret-of|short"/)
  })

  it('refuses two clients with one name, and the names of the clients that are always there', () => {
    expect(problemsOf([web, web])).toEqual([expect.stringContaining('client "portal": client_id is another')])
    for (const client_id of ['test-client', 'mcp-server']) {
      expect(problemsOf([{ ...web, client_id }])).toEqual([expect.stringContaining(`client "${client_id}"`)])
    }
  })
})
