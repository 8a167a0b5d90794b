import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto'

/** Keys whose private half is published, by thumbprint (RFC 7638), and where each is printed. */
const publishedKeys: ReadonlyMap<string, string> = new Map([
  ['IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8', 'RFC 7515 A.2'],
  ['oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', 'RFC 7515 A.3'],
  ['u5YUSjQ2-2chBi51NSk3t3g7IM4o2KYcnPqPtCNGd3U', 'RFC 7515 A.4'],
  ['xtIsOV1FqKH77AI_A3jdTg5QfdabzqI-LNpYTPi0IgI', 'RFC 7516 A.1'],
  ['_K0fXS8wlsT7Tn3vvZrs9qdKUIqi5AxQ5EVk41xi_BM', 'RFC 7516 A.2'],
  ['cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s', 'RFC 7517 A.1'],
  ['NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'RFC 7517 A.1'],
  ['_GK0r6GCoJt9zcssg9lay4obIxgCq05ntiRymRHADSU', 'RFC 7518 C'],
  ['Vy57XrArUrW0NbpI12tEzDHABxMwrTh6HHXRenSpnCo', 'RFC 7518 C'],
  ['dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M', 'RFC 7520 §3.1'],
  ['9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI', 'RFC 7520 §3.3'],
  ['kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', 'RFC 8037 A'],
  ['xNnfOFTMgZSRM3KtGHQqavZGWGF00Fe54LZBYCIxr88', 'the COSE examples (RFC 8152 C.7)'],
  ['0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I', 'RFC 9449 §4.1'],
  ['oGDmHqCJ7yzMkWEkrlZVHkvrHIyQwtlDmeq5ForUHeY', 'jwt.io (RS256)'],
  ['19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8', 'jwt.io (ES256)'],
  ['r1LkbBo3925Rb2ZFFrKyU3MVex9T2817Kx0vbi6i_Kc', 'oidc-provider (its development key)'],
])

/** The members that a thumbprint covers, in their order (RFC 7638 §3.2, RFC 8037 §2). */
const covered: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/**
 * Says why a client's or a server's key must not be used.
 * @param jwk untrusted; of a private key the public half is judged
 * @returns undefined for a key that can be read and is printed nowhere that this server knows of
 */
export function keyProblem(jwk: unknown): string | undefined {
  const { d: _, ...half } = Object(jwk)
  let key: JsonWebKey
  try {
    // The export has one spelling for each key.
    key = createPublicKey({ key: half, format: 'jwk' }).export({ format: 'jwk' })
  } catch {
    return 'cannot be read as a key'
  }
  const members = (covered[String(key.kty)] ?? []).map((member) => [member, key[member]])
  const thumbprint = createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
  const source = publishedKeys.get(thumbprint)
  return source && `is the example key of ${source}, whose private half is public: make a key of your own`
}
