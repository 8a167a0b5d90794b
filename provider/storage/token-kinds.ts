/**
 * How many random bits are in a token, by its kind: enough for all, and a length of its own for each (44, 45 and
 * 46 characters). Whoever sends a token to be introspected or revoked need not say of which kind it is, and then
 * oidc-provider looks for it under all of them.
 */
const randomBits = new Map([
  ['AccessToken', 264],
  ['RefreshToken', 270],
  ['ClientCredentials', 276],
])

/** The default of oidc-provider, for everything else that has an identifier. */
const otherBits = 256

const kinds = new Map([...randomBits].map(([kind, bits]) => [bits / 6, kind]))

/** oidc-provider's `formats.bitsOfOpaqueRandomness`. */
export function bitsOfRandomness(kind: string): number {
  return randomBits.get(kind) ?? otherBits
}

/** Whether a token cannot be of that kind, to go by its length: there is no need to look for it. */
export function isOfAnotherKind(kind: string, token: string): boolean {
  return randomBits.has(kind) && (kinds.get(token.length) ?? kind) !== kind
}
