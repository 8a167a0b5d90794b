import { errors, type KoaContextWithOIDC } from 'oidc-provider'

/** In characters, all parameters together. What clients send has a few hundred. */
const maximumSize = 4096

/**
 * Bounds what an authorization request may say: it is kept for half an hour, and anybody may send one.
 * @throws errors.InvalidRequest
 */
export function assertSize({ oidc }: KoaContextWithOIDC): void {
  const values = Object.values(oidc.params ?? {}).flat()
  const size = values.reduce((sum: number, value) => sum + (typeof value === 'string' ? value.length : 0), 0)
  if (size > maximumSize) {
    throw new errors.InvalidRequest(`the parameters must have up to ${maximumSize} characters together`)
  }
}
