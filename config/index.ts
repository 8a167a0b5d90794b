import { clientIdProblems, readClientsFile } from './clients-file.ts'
import type { Config, Role } from './config.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { type Environment, environment, isLoopbackHost } from './env.ts'
import { missingNeeds, wantedValidation } from './idp-needs.ts'
import { mistakenIssuer } from './idp-profiles/index.ts'
import { type IdpOverrides, type IdpSettings, idpSettings } from './idp-settings.ts'
import { keyFields, keysInMemory } from './key-settings.ts'
import { operationsFields } from './operations-settings.ts'
import { readPublicJwks } from './public-jwks.ts'
import { publishedSecretProblems } from './published-secrets.ts'
import { developmentSecret, isPrivate, publicKnowledge, shortSecrets } from './secrets.ts'

export { type Account, type TestAccount, testAccounts } from './accounts.ts'
export type { ConfiguredClient } from './clients-file.ts'
export type { ClientCredentials, Config, Role } from './config.ts'
export { ConfigError, type ConfigProblem } from './config-error.ts'
export { isLoopback } from './env.ts'
export { missingNeeds } from './idp-needs.ts'
export { describeProfile, type IdpProfile, idpProfiles } from './idp-profiles/index.ts'
export { type IdpOverrides, type IdpSettings, idpSettings, redirectUri } from './idp-settings.ts'
export { issuerMismatch } from './issuer-mismatch.ts'
export { keyProblem } from './published-keys.ts'
export { secretProblem } from './published-secrets.ts'
export type { ScopeRules } from './scope-rules.ts'
export { type ResourceScope, resourceScopeNames, resourceScopes, type ScopeDescription } from './scopes.ts'

const defaultPorts = { provider: 9000, 'resource-server': 8000, client: 0, 'idp-check': 8000 } as const

/**
 * Reads the configuration.
 * @param env the environment; unknown variables are ignored, empty ones count as absent
 * @param role the program that asks
 * @throws ConfigError naming every variable that cannot be used
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, role: Role): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = environment.safeParse(given)
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => ({ variable: path.join('.'), problem: message })),
    )
  }
  const variables = parsed.data
  const port = variables.PORT ?? defaultPorts[role]
  const issuer = variables.ISSUER ?? `http://localhost:${role === 'provider' ? port : defaultPorts.provider}`
  const resource =
    variables.RESOURCE ??
    `http://localhost:${role === 'resource-server' || role === 'idp-check' ? port : defaultPorts['resource-server']}/mcp`
  const development = variables.NODE_ENV !== 'production'
  const host = variables.HOST ?? '127.0.0.1'
  const resourceSecret =
    variables.RESOURCE_CLIENT_SECRET ??
    (isPrivate({ development, host, issuer, resource }) ? developmentSecret : undefined)
  const idpOverrides = overridesOf(variables)
  const idp = idpSettings(issuer, resource, idpOverrides)
  const client = {
    id: variables.CLIENT_ID ?? 'test-client',
    ...(variables.CLIENT_SECRET !== undefined && { secret: variables.CLIENT_SECRET }),
  }
  const resourceClientId =
    variables.RESOURCE_CLIENT_ID ?? (idp.profile.introspectsAsResource ? resource : 'mcp-server')
  const configured =
    role === 'provider' && variables.CLIENTS !== undefined
      ? readClientsFile(variables.CLIENTS, [client.id, resourceClientId])
      : { clients: [], problems: [] }
  const resourceKeys =
    role === 'provider' && variables.RESOURCE_CLIENT_JWKS !== undefined
      ? readPublicJwks('RESOURCE_CLIENT_JWKS', variables.RESOURCE_CLIENT_JWKS)
      : { problems: [] }
  const config: Config = {
    development,
    issuer,
    resource,
    idp,
    idpOverrides,
    client,
    clients: configured.clients,
    registration: variables.REGISTRATION ?? 'open',
    ...(variables.REGISTRATION_TOKEN !== undefined && { registrationToken: variables.REGISTRATION_TOKEN }),
    resourceClient: {
      id: resourceClientId,
      ...(resourceSecret !== undefined && { secret: resourceSecret }),
    },
    ...(resourceKeys.jwks && { resourceClientJwks: resourceKeys.jwks }),
    ...resourceServerFields(variables, idp),
    ...keyFields(variables),
    acceptedAudiences: variables.ACCEPTED_AUDIENCES ?? [resource],
    ...(variables.ACCOUNTS !== undefined && { accountsFile: variables.ACCOUNTS }),
    store: variables.STORE ?? 'memory:',
    storeKeys: variables.STORE_KEY ?? [],
    refreshGraceSeconds: variables.REFRESH_GRACE_SECONDS ?? 0,
    host,
    port,
    ...operationsFields(variables),
    ...(variables.TLS_CERT !== undefined &&
      variables.TLS_KEY !== undefined && {
        tls: { certFile: variables.TLS_CERT, keyFile: variables.TLS_KEY },
      }),
    maxConnections: variables.MAX_CONNECTIONS ?? 4096,
    trustProxy: variables.TRUST_PROXY ?? [],
    logLevel: variables.LOG_LEVEL ?? 'info',
  }
  const problems = [
    ...idpProblems(config, variables, role),
    ...configured.problems,
    ...resourceKeys.problems,
    ...(role === 'client' || role === 'idp-check'
      ? []
      : [
          ...publicKnowledge(config, role),
          ...shortSecrets(variables, config, role),
          ...publishedSecretProblems(variables, config, role),
          ...(role === 'provider'
            ? [
                ...keysInMemory(config),
                ...missingStoreKey(config),
                ...clientIdProblems(client.id, resourceClientId),
              ]
            : []),
          ...exposedPlaintext(config),
          ...halfOfTls(variables),
          ...(role === 'provider' ? schemeWithoutTls(config) : []),
        ]),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

function overridesOf(variables: Environment): IdpOverrides {
  return {
    name: variables.IDP ?? 'auto',
    ...(variables.SCOPE_TEMPLATE !== undefined && { scopeTemplate: variables.SCOPE_TEMPLATE }),
    ...(variables.OMIT_RESOURCE !== undefined && { omitResource: variables.OMIT_RESOURCE }),
    ...(variables.AUTHORIZATION_PARAMETERS && {
      authorizationParameters: variables.AUTHORIZATION_PARAMETERS,
    }),
    ...(variables.REDIRECT_HOST !== undefined && { redirectHost: variables.REDIRECT_HOST }),
    ...(variables.REDIRECT_PORT !== undefined && { redirectPort: variables.REDIRECT_PORT }),
    ...(variables.AUTHORIZATION_ORIGINS && { authorizationOrigins: variables.AUTHORIZATION_ORIGINS }),
    ...(variables.ALLOW_INSECURE_UNADVERTISED_PKCE !== undefined && {
      allowInsecureUnadvertisedPkce: variables.ALLOW_INSECURE_UNADVERTISED_PKCE,
    }),
  }
}

/** An issuer that is written wrong, and what its identity provider needs and nobody can guess. */
function idpProblems(
  { issuer, idp: { profile } }: Config,
  variables: Environment,
  role: Role,
): readonly ConfigProblem[] {
  const problem = mistakenIssuer(issuer)
  if (problem !== undefined) return [{ variable: 'ISSUER', problem }]
  if (role !== 'client' && role !== 'resource-server') return []
  return missingNeeds(profile, role, variables).map(({ variable, where }) => ({
    variable,
    problem: `is needed for ${profile.title}: ${where}`,
  }))
}

/** What only the resource server reads. */
function resourceServerFields(variables: Environment, { profile }: IdpSettings) {
  const claim = variables.SCOPE_CLAIM ?? profile.scopeClaim
  return {
    tokenValidation: wantedValidation(variables.TOKEN_VALIDATION, profile) ?? 'auto',
    introspectionCacheSeconds: variables.INTROSPECTION_CACHE_SECONDS ?? 10,
    ...(variables.RESOURCE_CLIENT_KEY !== undefined && { resourceClientKey: variables.RESOURCE_CLIENT_KEY }),
    ...(variables.INTROSPECTION_ENDPOINT !== undefined && {
      introspectionEndpoint: variables.INTROSPECTION_ENDPOINT,
    }),
    scopeRules: {
      ...(claim !== undefined && { claim }),
      ...(variables.SCOPE_MAP && { map: variables.SCOPE_MAP }),
      ...(variables.SCOPE_IMPLIES && { implies: variables.SCOPE_IMPLIES }),
    },
    dpop: variables.DPOP ?? 'allowed',
    ...(variables.DPOP_NONCE_KEY !== undefined && { dpopNonceKey: variables.DPOP_NONCE_KEY }),
    replayStore: variables.REPLAY_STORE ?? 'memory:',
    rateLimit: { caller: variables.RATE_LIMIT ?? 1200, anonymous: variables.RATE_LIMIT_ANONYMOUS ?? 300 },
    allowedOrigins: variables.ALLOWED_ORIGINS ?? [],
    challengeInResult: variables.CHALLENGE_IN_RESULT ?? [],
    ...(variables.ACCESS_TOKEN !== undefined && { accessToken: variables.ACCESS_TOKEN }),
  } as const
}

/** Tokens and passwords cross a network encrypted, or not at all. */
function exposedPlaintext({ host, tls, trustProxy }: Config): readonly ConfigProblem[] {
  if (tls || trustProxy.length > 0 || isLoopbackHost(host)) return []
  return [
    {
      variable: 'HOST',
      problem:
        'other machines could read the traffic: set TLS_CERT and TLS_KEY, or TRUST_PROXY behind a TLS proxy',
    },
  ]
}

function halfOfTls({ TLS_CERT, TLS_KEY }: Environment): readonly ConfigProblem[] {
  if ((TLS_CERT === undefined) === (TLS_KEY === undefined)) return []
  return [
    { variable: TLS_CERT === undefined ? 'TLS_CERT' : 'TLS_KEY', problem: 'is needed: both or neither' },
  ]
}

/** What lies in a store is sealed. In development, an SQLite file gets a key of its own, beside it. */
function missingStoreKey({ store, storeKeys, development }: Config): readonly ConfigProblem[] {
  const ownKey = store === 'memory:' || (development && store.startsWith('sqlite:'))
  if (storeKeys.length > 0 || ownKey) return []
  const problem = 'is needed: what is stored is sealed with it; make one with `openssl rand -base64 32`'
  return [{ variable: 'STORE_KEY', problem }]
}

/** The provider answers its issuer's URL and no other, so the scheme must be one that requests can come with. */
function schemeWithoutTls({ issuer, tls, trustProxy }: Config): readonly ConfigProblem[] {
  const https = issuer.startsWith('https:')
  if (tls && !https) return [{ variable: 'ISSUER', problem: 'must be https: TLS_CERT is set' }]
  if (!https || tls || trustProxy.length > 0) return []
  const problem = 'is needed for an https ISSUER, with TLS_KEY; behind a TLS proxy set TRUST_PROXY instead'
  return [{ variable: 'TLS_CERT', problem }]
}
