import {
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'

/** The algorithms that access tokens are signed with. */
export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

/** Header parameters that differ from what {@link Signer.sign} would put; `undefined` leaves one out. */
export type HeaderOverrides = {
  readonly [Name in keyof JWTHeaderParameters]?: JWTHeaderParameters[Name] | undefined
}

/** Signs JWTs with keys that it publishes. */
export interface Signer {
  /** The public halves, oldest first. */
  readonly jwks: JSONWebKeySet
  /** Makes and publishes a key; its `kid` is the algorithm and a number, such as `ES256-2`. */
  addKey(algorithm: SigningAlgorithm): Promise<void>
  /**
   * @param claims as they are, except that `undefined` ones are left out
   * @param header put over `alg` (default ES256), the newest key's `kid`, and `typ: at+jwt` (RFC 9068 §2.1)
   * @throws Error when no key of that algorithm has been published
   */
  sign(claims: JWTPayload, header?: HeaderOverrides): Promise<string>
}

/** Makes a signer that has one key for each algorithm. */
export async function createSigner(algorithms: readonly SigningAlgorithm[]): Promise<Signer> {
  const published: JWK[] = []
  const newest = new Map<string, { readonly kid: string; readonly privateKey: CryptoKey }>()

  async function addKey(alg: SigningAlgorithm): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg)
    const kid = `${alg}-${published.filter((key) => key.alg === alg).length + 1}`
    published.push({ ...(await exportJWK(publicKey)), alg, kid, use: 'sig' })
    newest.set(alg, { kid, privateKey })
  }

  for (const algorithm of algorithms) await addKey(algorithm)
  return {
    get jwks() {
      return { keys: [...published] }
    },
    addKey,
    async sign(claims, header = {}) {
      const alg = header.alg ?? 'ES256'
      const key = newest.get(alg)
      if (!key) throw new Error(`This issuer has no key for ${alg}`)
      return new SignJWT(defined(claims))
        .setProtectedHeader(defined<JWTHeaderParameters>({ kid: key.kid, typ: 'at+jwt', ...header, alg }))
        .sign(key.privateKey)
    },
  }
}

/** The same object without what is undefined. */
function defined<T extends object>(object: { readonly [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
