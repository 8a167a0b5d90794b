import { ConfigError, type ConfigProblem } from './config-error.ts'
import { environment, isLoopback } from './env.ts'

export { type Account, type TestAccount, testAccounts } from './accounts.ts'
export { ConfigError, type ConfigProblem } from './config-error.ts'
export { isLoopback } from './env.ts'
export { type ResourceScope, resourceScopeNames, resourceScopes, type ScopeDescription } from './scopes.ts'

/** Which of the three programs reads the configuration: it decides what `PORT` means. */
export type Role = 'provider' | 'resource-server' | 'client'

/** A client's credentials at the authorization server. Without `secret` it is a public client. */
export interface ClientCredentials {
  readonly id: string
  readonly secret?: string
}

/** Everything the environment says, parsed once, validated, and never changed afterwards. */
export interface Config {
  /** False only with NODE_ENV=production: then nothing that is public knowledge is accepted. */
  readonly development: boolean
  /** The authorization server, compared byte for byte (RFC 8414 §3.3). */
  readonly issuer: string
  /** The MCP server's public URL: the RFC 8707 resource that tokens are for. */
  readonly resource: string
  /** The client's registration, when it has one. */
  readonly client: ClientCredentials
  /** The resource server's registration, with which it introspects (RFC 7662 §2.1). */
  readonly resourceClient: Required<ClientCredentials>
  /** How access tokens are validated. `auto` chooses from the issuer's metadata. */
  readonly tokenValidation: 'auto' | 'introspection'
  /** The `aud` values that name this resource server. Default: `resource` alone. */
  readonly acceptedAudiences: readonly string[]
  /** The longest time for which an introspection answer is believed, in seconds. Default 10. */
  readonly introspectionCacheSeconds: number
  /** Where the provider keeps its state, as a URL. Default `memory:`. */
  readonly store: string
  /** The address to listen on. Default 127.0.0.1. */
  readonly host: string
  /** The port to listen on. Default 9000 (provider), 8000 (resource server). */
  readonly port: number
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
}

const defaultPorts = { provider: 9000, 'resource-server': 8000, client: 0 } as const

/** Public knowledge, and therefore refused as soon as anything but this machine is involved. */
const developmentSecret = 'mcp-server-development-secret'

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
    `http://localhost:${role === 'resource-server' ? port : defaultPorts['resource-server']}/mcp`
  const config: Config = {
    development: variables.NODE_ENV !== 'production',
    issuer,
    resource,
    client: {
      id: variables.CLIENT_ID ?? 'test-client',
      ...(variables.CLIENT_SECRET !== undefined && { secret: variables.CLIENT_SECRET }),
    },
    resourceClient: {
      id: variables.RESOURCE_CLIENT_ID ?? 'mcp-server',
      secret: variables.RESOURCE_CLIENT_SECRET ?? developmentSecret,
    },
    tokenValidation: variables.TOKEN_VALIDATION ?? 'auto',
    acceptedAudiences: variables.ACCEPTED_AUDIENCES ?? [resource],
    introspectionCacheSeconds: variables.INTROSPECTION_CACHE_SECONDS ?? 10,
    store: variables.STORE ?? 'memory:',
    host: variables.HOST ?? '127.0.0.1',
    port,
    logLevel: variables.LOG_LEVEL ?? 'info',
  }
  const problems = role === 'client' ? [] : publicKnowledge(config, role)
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

/** The defaults that are printed in the documentation must never protect anything real. */
function publicKnowledge(config: Config, role: Role): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const local = isLoopback(config.issuer) && isLoopback(config.resource)
  if (config.resourceClient.secret === developmentSecret && !(config.development && local)) {
    problems.push({
      variable: 'RESOURCE_CLIENT_SECRET',
      problem: 'is needed: the development secret is public and works on localhost only',
    })
  }
  if (role === 'provider' && !(config.development && local)) {
    problems.push({
      variable: config.development ? 'ISSUER' : 'NODE_ENV',
      problem: 'the test accounts are public: they can sign in on localhost and in development only',
    })
  }
  return problems
}
