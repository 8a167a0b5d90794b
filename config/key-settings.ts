import type { Config } from './config.ts'
import type { ConfigProblem } from './config-error.ts'
import type { Environment } from './env.ts'

/** What the provider signs with. */
export function keyFields(variables: Environment) {
  return {
    ...(variables.JWKS !== undefined && { jwks: variables.JWKS }),
    ...(variables.COOKIE_KEYS && { cookieKeys: variables.COOKIE_KEYS }),
    keyRotationDays: variables.KEY_ROTATION_DAYS ?? 90,
  } as const
}

/** Keys that a restart replaces are for development: everybody would be signed out. */
export function keysInMemory({ development, store, jwks, cookieKeys }: Config): readonly ConfigProblem[] {
  if (development || store !== 'memory:') return []
  const problem = 'is needed, or a durable STORE: keys in memory are lost at every restart'
  return [
    ...(jwks === undefined ? [{ variable: 'JWKS', problem }] : []),
    ...(cookieKeys === undefined ? [{ variable: 'COOKIE_KEYS', problem }] : []),
  ]
}
