import { type AsymmetricSigningAlgorithm, errors, type KoaContextWithOIDC } from 'oidc-provider'

/** What clients may sign their assertions with (RFC 7523). Asymmetric: this server holds nothing to steal. */
export const clientKeyAlgorithms: AsymmetricSigningAlgorithm[] = [
  'ES256',
  'Ed25519',
  'EdDSA',
  'PS256',
  'RS256',
]

/** The longest life of an assertion, in seconds. Used ones are remembered until they expire. */
const longestLifeSeconds = 10 * 60

/**
 * Refuses an assertion that would be good for long: whoever finds it in a log could use it.
 * @throws errors.InvalidClientAuth
 */
export function assertShortLived(_ctx: KoaContextWithOIDC, claims: { readonly exp?: unknown }): void {
  if (Number(claims.exp) * 1000 - Date.now() > longestLifeSeconds * 1000) {
    throw new errors.InvalidClientAuth('the client_assertion JWT lives longer than 10 minutes')
  }
}
