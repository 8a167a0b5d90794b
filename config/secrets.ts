import type { Config, Role } from './config.ts'
import type { ConfigProblem } from './config-error.ts'
import { type Environment, isLoopback, isLoopbackHost } from './env.ts'

/** Public knowledge, and therefore a default on this machine only. */
export const developmentSecret = 'mcp-server-development-secret'

/**
 * True when this machine's user alone reaches the server: what is published may then protect it. A proxy in front
 * shows in its public ISSUER or RESOURCE.
 */
export function isPrivate({
  development,
  host,
  issuer,
  resource,
}: Pick<Config, 'development' | 'host' | 'issuer' | 'resource'>): boolean {
  return development && isLoopbackHost(host) && isLoopback(issuer) && isLoopback(resource)
}

const privately = 'only in development, with HOST, ISSUER and RESOURCE all on localhost'

/** The credentials that are printed in the documentation must never protect anything real. */
export function publicKnowledge(config: Config, role: Role): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const needsSecret =
    role === 'provider'
      ? config.resourceClientJwks === undefined
      : config.resourceClientKey === undefined && introspects(config)
  if (needsSecret && config.resourceClient.secret === undefined) {
    problems.push({
      variable: 'RESOURCE_CLIENT_SECRET',
      problem: `is needed: the development secret is public and works ${privately}`,
    })
  }
  if (config.resourceClient.secret === developmentSecret && !isPrivate(config)) {
    problems.push({
      variable: 'RESOURCE_CLIENT_SECRET',
      problem: `is the development secret, which is public and works ${privately}: make another with \`openssl rand -base64 32\``,
    })
  }
  if (role === 'provider' && config.accountsFile === undefined && !isPrivate(config)) {
    problems.push({
      variable: 'ACCOUNTS',
      problem: `is needed: the test accounts are public and sign in ${privately}; add your own with \`npm run accounts\``,
    })
  }
  return problems
}

/** Opaque tokens say nothing to whoever cannot ask about them. */
function introspects({ tokenValidation, idp }: Config): boolean {
  if (tokenValidation !== 'auto') return tokenValidation === 'introspection'
  return idp.profile.accessTokens === 'opaque'
}

/** A client secret of fewer characters is a word that somebody thought of. */
const minSecretLength = 16

/** A client gets its secret from elsewhere, and can make no better one. */
const secretsOf = {
  provider: ['CLIENT_SECRET', 'RESOURCE_CLIENT_SECRET'],
  'resource-server': ['RESOURCE_CLIENT_SECRET'],
  client: [],
  'idp-check': [],
} as const satisfies Record<Role, readonly (keyof Environment)[]>

/** In production, the servers take no secret that can be guessed. */
export function shortSecrets(
  variables: Environment,
  { development }: Pick<Config, 'development'>,
  role: Role,
): readonly ConfigProblem[] {
  if (development) return []
  return secretsOf[role]
    .filter((variable) => (variables[variable]?.length ?? minSecretLength) < minSecretLength)
    .map((variable) => ({
      variable,
      problem: `is shorter than ${minSecretLength} characters: make one with \`openssl rand -base64 32\``,
    }))
}
