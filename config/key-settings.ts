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

/** Keys that a restart replaces are for development: everyone would be signed out, and replicas would disagree. */
export function keysInMemory({ development, store, jwks, cookieKeys }: Config): readonly ConfigProblem[] {
  if (development || store !== 'memory:') return []
  const problem = 'is needed, or a STORE that keeps such keys: in memory: they are lost at every restart'
  return [
    ...(jwks === undefined ? [{ variable: 'JWKS', problem }] : []),
    ...(cookieKeys === undefined ? [{ variable: 'COOKIE_KEYS', problem }] : []),
  ]
}
