import type { JWKS } from 'oidc-provider'

/** What the server signs with, until it is given others. */
export interface Keys {
  /**
   * Private keys of ID tokens. The first one signs, or the first of the algorithm that a client wants; all
   * of them are published, without their private parts.
   */
  readonly signing: JWKS
  /** Secrets of cookies and forms. The first one signs, all of them verify. */
  readonly cookies: readonly string[]
}
