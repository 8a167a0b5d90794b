import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import {
  type Config,
  ConfigError,
  idpProfiles,
  idpSettings,
  loadConfig,
  type Role,
} from '../../config/index.ts'

const google = { ACCEPTED_AUDIENCES: 'a-client-id', SCOPE_MAP: '@example.com=read' }
const entra = { ACCEPTED_AUDIENCES: 'an-api', SCOPE_TEMPLATE: 'api://an-api/{scope}' }

function load(env: Readonly<Record<string, string>>, role: Role = 'resource-server'): Config {
  return loadConfig(env, role)
}

function problems(env: Readonly<Record<string, string>>, role: Role = 'resource-server') {
  try {
    load(env, role)
  } catch (error) {
    if (error instanceof ConfigError) {
      return Object.fromEntries(error.problems.map(({ variable, problem }) => [variable, problem]))
    }
    throw error
  }
  return {}
}

describe('the profile of an identity provider', () => {
  it.each([
    ['http://localhost:9000', 'bundled', {}],
    ['https://id.example.com/realms/mcp', 'keycloak', {}],
    ['http://127.0.0.1:8080/realms/gatehouse', 'keycloak', {}],
    ['https://dev-1.okta.com/oauth2/default', 'okta', {}],
    ['https://tenant.eu.auth0.com/', 'auth0', {}],
    ['https://login.microsoftonline.com/8f1c0e0a-0000-4000-8000-000000000000/v2.0', 'entra', entra],
    ['https://login.microsoftonline.us/8f1c0e0a-0000-4000-8000-000000000000/v2.0', 'entra', entra],
    ['https://login.partner.microsoftonline.cn/8f1c0e0a-0000-4000-8000-000000000000/v2.0', 'entra', entra],
    ['https://accounts.google.com', 'google', google],
    ['https://id.example.com', 'generic', {}],
    ['https://evil.example/?x=accounts.google.com', 'generic', undefined],
  ] as const)('is recognised from %s as %s', (issuer, name, env) => {
    if (env === undefined) return expect(problems({ ISSUER: issuer })).toHaveProperty('ISSUER')
    expect(load({ ISSUER: issuer, ...env }).idp.profile.name).toBe(name)
  })

  it('is the named one, whatever the issuer looks like', () => {
    expect(load({ ISSUER: 'https://login.example.com/', IDP: 'auth0' }).idp.profile.name).toBe('auth0')
    expect(load({ ISSUER: 'https://id.example.com/api/oidc', IDP: 'glewlwyd' }).idp.redirectPort).toBe(8765)
    expect(problems({ IDP: 'unheard-of' })).toHaveProperty('IDP')
  })

  it('decides what nobody has set, and gives way to what somebody has', () => {
    const issuer = { ISSUER: 'https://accounts.google.com', ...google }
    expect(load(issuer)).toMatchObject({ tokenValidation: 'tokeninfo', scopeRules: { claim: 'email' } })
    expect(load({ ...issuer, TOKEN_VALIDATION: 'auto' }).tokenValidation).toBe('tokeninfo')
    const env = {
      ...issuer,
      TOKEN_VALIDATION: 'introspection',
      SCOPE_CLAIM: 'roles',
      RESOURCE_CLIENT_SECRET: 's',
    }
    expect(load(env)).toMatchObject({ tokenValidation: 'introspection', scopeRules: { claim: 'roles' } })
  })

  it('has the MCP server introspect as the audience of the tokens, where only that works', () => {
    const { resourceClient, resource } = load({ ISSUER: 'https://id.example.com/realms/mcp' })
    expect(resourceClient.id).toBe(resource)
  })

  it('names what it needs and nobody can guess, for each program', () => {
    expect(Object.keys(problems({ ISSUER: 'https://accounts.google.com' }))).toEqual([
      'ACCEPTED_AUDIENCES',
      'SCOPE_MAP',
    ])
    expect(Object.keys(problems({ ISSUER: 'https://accounts.google.com' }, 'client'))).toEqual([
      'CLIENT_ID',
      'CLIENT_SECRET',
    ])
  })

  it('needs no introspection endpoint where nothing is introspected', () => {
    const hydra = { ISSUER: 'https://hydra.example.com', IDP: 'hydra', RESOURCE_CLIENT_SECRET: 'a-secret' }
    expect(Object.keys(problems(hydra))).toEqual(['INTROSPECTION_ENDPOINT'])
    expect(problems({ ...hydra, TOKEN_VALIDATION: 'jwt' })).toEqual({})
  })

  it.each([
    ['https://login.microsoftonline.com/common/v2.0', /must name a tenant/],
    ['https://login.microsoftonline.us/common/v2.0', /must name a tenant/],
    ['https://login.microsoftonline.us/8f1c0e0a-0000-4000-8000-000000000000', /TENANT-ID\/v2\.0/],
    ['https://login.partner.microsoftonline.cn/common/v2.0', /must name a tenant/],
    ['https://login.microsoftonline.com/organizations/v2.0', /must name a tenant/],
    ['https://login.microsoftonline.com/8f1c0e0a-0000-4000-8000-000000000000', /TENANT-ID\/v2\.0/],
    ['https://sts.windows.net/8f1c0e0a-0000-4000-8000-000000000000/', /TENANT-ID\/v2\.0/],
    ['https://tenant.auth0.com', /must end with a slash/],
    ['https://accounts.google.com/', /must not end with a slash/],
    ['https://dev-1.okta.com', /custom authorization server/],
    ['https://id.example.com/realms/mcp/', /must not end with a slash/],
  ])('says how to write %s', (issuer, problem) => {
    expect(problems({ ISSUER: issuer }).ISSUER).toMatch(problem)
  })

  it('fills the resource into parameters, and the environment adds to them', () => {
    const settings = idpSettings('https://tenant.auth0.com/', 'https://example.com/mcp', {
      name: 'auto',
      authorizationParameters: { prompt: 'login' },
    })
    expect(settings.authorizationParameters).toEqual({ audience: 'https://example.com/mcp', prompt: 'login' })
  })

  it('has its name in the README', async () => {
    const row = (await readFile('README.md', 'utf8')).split('\n').find((line) => line.startsWith('| `IDP` '))
    for (const { name } of idpProfiles) {
      if (name !== 'bundled') expect(row).toContain(`\`${name}\``)
    }
  })

  it('says where each deviation is written down', () => {
    for (const { deviations } of idpProfiles) {
      for (const { what, why, source } of deviations) expect([what, why, source]).not.toContain('')
    }
  })
})
