import { describe, expect, it } from '@jest/globals'
import { type Config, ConfigError, loadConfig, type Role } from '../../config/index.ts'

type Variables = Readonly<Record<string, string>>

function problemsOf(env: Variables, role: Role = 'resource-server'): Record<string, string> {
  try {
    loadConfig(env, role)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return Object.fromEntries(error.problems.map(({ variable, problem }) => [variable, problem]))
  }
  return {}
}

describe('the defaults', () => {
  it.each([
    ['provider', 9000],
    ['resource-server', 8000],
  ] as const)('run a %s on this machine, on port %i', (role, port) => {
    const config = loadConfig({}, role)
    expect(config).toMatchObject({
      issuer: 'http://localhost:9000',
      resource: 'http://localhost:8000/mcp',
      acceptedAudiences: ['http://localhost:8000/mcp'],
      introspectionCacheSeconds: 10,
      tokenValidation: 'auto',
      store: 'memory:',
      host: '127.0.0.1',
      port,
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('follow the port that a program is given', () => {
    expect(loadConfig({ PORT: '9100' }, 'provider').issuer).toBe('http://localhost:9100')
    expect(loadConfig({ PORT: '8100' }, 'resource-server').resource).toBe('http://localhost:8100/mcp')
    expect(loadConfig({ PORT: '8100' }, 'resource-server').issuer).toBe('http://localhost:9000')
  })

  it('are what an empty variable means', () => {
    const empty = Object.fromEntries(['ISSUER', 'PORT', 'SCOPE_MAP', 'TRUST_PROXY'].map((name) => [name, '']))
    expect(loadConfig(empty, 'provider')).toEqual(loadConfig({}, 'provider'))
  })
})

describe('issuer and resource', () => {
  it('stay as they are written: both are compared byte for byte', () => {
    const env = {
      ISSUER: 'https://tenant.example/',
      RESOURCE: 'https://EXAMPLE.com/mcp',
      TOKEN_VALIDATION: 'jwt',
    }
    expect(loadConfig(env, 'resource-server')).toMatchObject({ issuer: env.ISSUER, resource: env.RESOURCE })
  })

  it.each([
    ['ISSUER', 'nonsense', /not an http\(s\) URL/],
    ['ISSUER', 'ftp://example.com', /not an http\(s\) URL/],
    ['ISSUER', 'http://example.com', /must be https unless it is on localhost/],
    ['ISSUER', 'https://example.com?x=1', /no query and no fragment/],
    ['ISSUER', 'https://example.com#', /no query and no fragment/],
    ['ISSUER', 'https://user:CANARY@example.com', /no user name or password/],
    ['RESOURCE', 'https://example.com', /must have a path/],
    ['RESOURCE', 'https://example.com/', /must have a path/],
    ['RESOURCE', 'https://example.com/mcp/', /no trailing slash/],
  ])('%s may not be %s', (variable, value, problem) => {
    expect(problemsOf({ [variable]: value, TOKEN_VALIDATION: 'jwt' })[variable]).toMatch(problem)
  })
})

describe('every other variable', () => {
  it.each([
    ['PORT', '0'],
    ['PORT', '65536'],
    ['PORT', '80x'],
    ['METRICS_PORT', '-1'],
    ['INTROSPECTION_CACHE_SECONDS', '301'],
    ['INTROSPECTION_CACHE_SECONDS', '1.5'],
    ['RATE_LIMIT', '0'],
    ['TOKEN_VALIDATION', 'none'],
    ['DPOP', 'yes'],
    ['DPOP_NONCE_KEY', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['NODE_ENV', 'prod'],
    ['STORE', 'mysql://x'],
    ['REPLAY_STORE', 'sqlite:x'],
    ['JWKS', 'http://example.com/jwks'],
    ['JWKS', 'ftp://localhost/jwks'],
    ['COOKIE_KEYS', 'short'],
    ['COOKIE_KEYS', `${'x'.repeat(32)}, short`],
    ['COOKIE_KEYS', ' , '],
    ['KEY_ROTATION_DAYS', '1'],
    ['HOST', 'a b'],
    ['SCOPE_MAP', 'read'],
    ['SCOPE_MAP', 'a=read,,b=write'],
    ['INTROSPECTION_ENDPOINT', 'http://example.com/introspect'],
  ])('%s may not be %s', (variable, value) => {
    expect(Object.keys(problemsOf({ [variable]: value }))).toEqual([variable])
  })

  it('is read as what it means', () => {
    const env = {
      ACCEPTED_AUDIENCES: 'a, b  c',
      SCOPE_CLAIM: 'roles',
      SCOPE_MAP: 'api://x/read=read, editor = read write',
      SCOPE_IMPLIES: 'admin=read write',
      TRUST_PROXY: 'loopback, 10.0.0.0/8',
      RATE_LIMIT: '5',
      JWKS: 'https://reader:secret@vault.example/jwks',
      COOKIE_KEYS: `${'a'.repeat(32)} ${'b'.repeat(32)}`,
      KEY_ROTATION_DAYS: '30',
      METRICS_PORT: '9464',
    }
    expect(loadConfig(env, 'resource-server')).toMatchObject({
      acceptedAudiences: ['a', 'b', 'c'],
      scopeRules: {
        claim: 'roles',
        map: { 'api://x/read': ['read'], editor: ['read', 'write'] },
        implies: { admin: ['read', 'write'] },
      },
      trustProxy: ['loopback', '10.0.0.0/8'],
      rateLimit: { caller: 5, anonymous: 300 },
      metricsPort: 9464,
      jwks: 'https://reader:secret@vault.example/jwks',
      cookieKeys: ['a'.repeat(32), 'b'.repeat(32)],
      keyRotationDays: 30,
    })
  })
})

describe('problems', () => {
  it('are told all at once, by name, on one line each, and no value is shown', () => {
    const env = {
      PORT: 'CANARY1',
      ISSUER: 'CANARY2',
      RESOURCE_CLIENT_SECRET: 'CANARY3',
      LOG_LEVEL: 'CANARY4',
      COOKIE_KEYS: 'CANARY5',
      JWKS: 'http://CANARY6.example',
    }
    const load = () => loadConfig(env, 'provider')
    expect(load).toThrow(ConfigError)
    expect(load).toThrow(/^5 settings in the environment cannot be used:\n( {2}\w+ .*\n){5}The README/)
    expect(load).not.toThrow(/CANARY/)
    const named = Object.keys(problemsOf(env, 'provider')).sort()
    expect(named).toEqual(['COOKIE_KEYS', 'ISSUER', 'JWKS', 'LOG_LEVEL', 'PORT'])
  })
})

describe('what is public knowledge', () => {
  const production = { NODE_ENV: 'production' }
  const remote = { ISSUER: 'https://id.example.com', RESOURCE: 'https://mcp.example.com/mcp' }

  it('starts no provider in production, and names what is missing (attack 49)', () => {
    expect(problemsOf(production, 'provider')).toHaveProperty('RESOURCE_CLIENT_SECRET')
    expect(problemsOf({ ...production, RESOURCE_CLIENT_SECRET: 'x'.repeat(32) }, 'provider')).not.toEqual({})
  })

  it('keys that a restart replaces start no provider in production, and are named each (attack 49)', () => {
    const missing = (env: Variables) =>
      Object.keys(problemsOf({ ...production, ...env }, 'provider')).filter((name) =>
        ['JWKS', 'COOKIE_KEYS'].includes(name),
      )
    expect(missing({})).toEqual(['JWKS', 'COOKIE_KEYS'])
    expect(missing({ JWKS: 'keys.json' })).toEqual(['COOKIE_KEYS'])
    expect(missing({ COOKIE_KEYS: 'x'.repeat(32) })).toEqual(['JWKS'])
    expect(missing({ JWKS: 'keys.json', COOKIE_KEYS: 'x'.repeat(32) })).toEqual([])
  })

  it.each([remote, { ISSUER: remote.ISSUER }, { RESOURCE: remote.RESOURCE }])(
    '49: starts no provider beyond this machine: %j',
    (env) => {
      expect(problemsOf({ ...env, RESOURCE_CLIENT_SECRET: 'x'.repeat(32) }, 'provider')).not.toEqual({})
    },
  )

  it('is no secret of an MCP server beyond this machine', () => {
    const secretOf = (env: Variables): Config['resourceClient']['secret'] =>
      loadConfig(env, 'resource-server').resourceClient.secret
    expect(secretOf({})).toBe('mcp-server-development-secret')
    expect(secretOf(remote)).toBeUndefined()
    expect(problemsOf(production, 'resource-server')).toHaveProperty('RESOURCE_CLIENT_SECRET')
    expect(secretOf({ ...production, TOKEN_VALIDATION: 'jwt' })).toBeUndefined()
    expect(problemsOf({ ...remote, TOKEN_VALIDATION: 'introspection' })).toHaveProperty(
      'RESOURCE_CLIENT_SECRET',
    )
  })
})

describe('secrets in production', () => {
  const short = { CLIENT_SECRET: 'CANARY-15-chars', RESOURCE_CLIENT_SECRET: 'CANARY-15-chars' }
  const long = { CLIENT_SECRET: 'x'.repeat(16), RESOURCE_CLIENT_SECRET: 'y'.repeat(16) }
  const tooShort = (env: Variables, role: Role) =>
    Object.entries(problemsOf({ NODE_ENV: 'production', ...env }, role))
      .filter(([, problem]) => /shorter than 16 characters: make one with `openssl rand/.test(problem))
      .map(([variable]) => variable)

  it('have 16 characters or more, and are told by name with how to make one', () => {
    expect(tooShort(short, 'provider')).toEqual(['CLIENT_SECRET', 'RESOURCE_CLIENT_SECRET'])
    expect(tooShort(short, 'resource-server')).toEqual(['RESOURCE_CLIENT_SECRET'])
    expect(tooShort(short, 'client')).toEqual([])
    for (const role of ['provider', 'resource-server'] as const) {
      expect(tooShort(long, role)).toEqual([])
      expect(tooShort({ ...short, NODE_ENV: 'development' }, role)).toEqual([])
      expect(JSON.stringify(problemsOf({ ...short, NODE_ENV: 'production' }, role))).not.toContain('CANARY')
    }
  })
})

describe('the clients that variables name', () => {
  it.each([
    ['RESOURCE_CLIENT_ID', { CLIENT_ID: 'one', RESOURCE_CLIENT_ID: 'one' }],
    ['CLIENT_ID', { CLIENT_ID: 'gatehouse-account' }],
  ])('are two, and none of the provider’s own: %s', (variable, env) => {
    expect(() => loadConfig(env, 'provider')).toThrow(new RegExp(`${variable}  `))
    expect(() => loadConfig(env, 'client')).not.toThrow()
  })
})

describe('plain http', () => {
  it.each(['0.0.0.0', '192.0.2.1', '::'])('is not spoken on %s', (HOST) => {
    expect(problemsOf({ HOST }).HOST).toMatch(/other machines could read the traffic/)
    const RESOURCE_CLIENT_SECRET = 'a-secret-that-no-document-shows'
    expect(problemsOf({ HOST, TRUST_PROXY: 'loopback', RESOURCE_CLIENT_SECRET })).toEqual({})
    const tls = { TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }
    expect(problemsOf({ HOST, ...tls, RESOURCE_CLIENT_SECRET })).toEqual({})
  })

  it.each(['TLS_CERT', 'TLS_KEY'])('is not fallen back to when only %s is given', (given) => {
    const missing = given === 'TLS_CERT' ? 'TLS_KEY' : 'TLS_CERT'
    expect(problemsOf({ [given]: 'file.pem' })).toEqual({ [missing]: 'is needed: both or neither' })
  })

  it('is not what an https provider is left with: TLS, or a proxy that does it', () => {
    const env = { ISSUER: 'https://localhost' }
    expect(problemsOf(env, 'provider').TLS_CERT).toMatch(/https ISSUER.*TRUST_PROXY/)
    expect(problemsOf({ ...env, TRUST_PROXY: 'loopback' }, 'provider')).toEqual({})
    expect(problemsOf({ ...env, TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }, 'provider')).toEqual({})
    expect(problemsOf({ TLS_CERT: 'cert.pem', TLS_KEY: 'key.pem' }, 'provider').ISSUER).toMatch(
      /must be https/,
    )
    expect(problemsOf({ ...env, TOKEN_VALIDATION: 'jwt' }, 'resource-server')).not.toHaveProperty('TLS_CERT')
  })
})

describe('published accounts and secrets', () => {
  const published = (env: Record<string, string>, role: 'provider' | 'resource-server') =>
    Object.entries(problemsOf({ TRUST_PROXY: 'loopback', ...env }, role))
      .filter(([, problem]) => /HOST, ISSUER and RESOURCE all on localhost/.test(problem))
      .map(([variable]) => variable)
  const both = ['RESOURCE_CLIENT_SECRET', 'ACCOUNTS']

  it.each(['0.0.0.0', '::', '0', '192.0.2.1', '::ffff:192.0.2.1', 'gatehouse.example', '127.1'])(
    'are refused on HOST=%s, which other machines may reach, also behind a proxy',
    (HOST) => {
      expect(published({ HOST }, 'provider')).toEqual(both)
      expect(published({ HOST }, 'resource-server')).toEqual(['RESOURCE_CLIENT_SECRET'])
    },
  )

  it('are refused on a loopback HOST behind a proxy that has a public name', () => {
    const env = { HOST: '127.0.0.1', ISSUER: 'https://auth.example.com' }
    expect(published(env, 'provider')).toEqual(both)
    expect(published({ RESOURCE: 'https://mcp.example.com/mcp' }, 'provider')).toEqual(both)
    const spelled = { RESOURCE_CLIENT_SECRET: 'mcp-server-development-secret' }
    expect(published({ ...env, ...spelled }, 'resource-server')).toEqual(['RESOURCE_CLIENT_SECRET'])
  })

  it('are refused when the secret is spelled out, and with NODE_ENV=production', () => {
    const spelled = { RESOURCE_CLIENT_SECRET: 'mcp-server-development-secret' }
    expect(published({ ...spelled, HOST: '0.0.0.0' }, 'provider')).toEqual(both)
    expect(published({ ...spelled, NODE_ENV: 'production' }, 'provider')).toEqual(both)
  })

  it.each(['127.0.0.1', '127.8.0.1', '::1', 'localhost', ''])('work on HOST=%j', (HOST) => {
    expect(problemsOf({ HOST }, 'provider')).toEqual({})
    expect(problemsOf({ HOST }, 'resource-server')).toEqual({})
  })
})
