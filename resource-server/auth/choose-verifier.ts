import type { IntrospectionClient } from './introspection.ts'
import { createIntrospectionVerifier } from './introspection.ts'
import { fetchIssuerMetadata, type IssuerMetadata, once } from './issuer-metadata.ts'
import type { Expectations } from './judge.ts'
import { createJwtVerifier, loadKeys } from './jwt.ts'
import { createTokenInfoVerifier, googleTokenInfo } from './tokeninfo.ts'
import { AuthorityUnavailable, type TokenVerifier } from './verdict.ts'

/** A way of validating access tokens. */
export type ValidationMode = 'introspection' | 'jwt' | 'tokeninfo'

/** Which way is used, and why. */
export interface Choice {
  readonly mode: ValidationMode
  readonly reason: string
}

/** Options of {@link chooseVerifier}. */
export interface VerifierOptions extends Expectations {
  /** `auto` chooses from the issuer's metadata. */
  readonly mode: ValidationMode | 'auto'
  /** This server's registration at the issuer; without credentials it cannot introspect. */
  readonly client?: IntrospectionClient
  /** Where tokens are asked about, instead of the metadata's introspection endpoint or Google's tokeninfo. */
  readonly introspectionEndpoint?: string
  /** For each request to the issuer. Default 1500. */
  readonly timeoutMs?: number
}

/** A verifier that knows how it validates. */
export interface ChosenVerifier extends TokenVerifier {
  /** What was chosen, once it is. */
  readonly chosen: Choice | undefined
  /** @throws AuthorityUnavailable while `auto` has not been able to read the issuer's metadata */
  choice(): Promise<Choice>
  /** Asks the issuer as a token would have it asked. @throws AuthorityUnavailable when it gives no verdict */
  probe(): Promise<void>
}

/**
 * The verifier for a setting. With `auto` the issuer is asked when the first answer is needed, and asked again after
 * a failure: this server starts without its issuer, and public tools work meanwhile.
 * @throws TypeError when introspection is asked for without credentials
 */
export function chooseVerifier(options: VerifierOptions): ChosenVerifier {
  const { issuer, mode, timeoutMs = 1500 } = options
  if (mode === 'introspection' && !hasCredentials(options.client)) {
    throw new TypeError(
      'Introspection needs the credentials of this server: client, with a secret or a private key',
    )
  }
  const metadata = once(() => fetchIssuerMetadata(issuer, timeoutMs))
  let known: Choice | undefined
  const chosen = once(async () => {
    const choice =
      mode === 'auto' ? await choose(options, metadata) : { mode, reason: `as configured: ${effects[mode]}` }
    known = choice
    return { choice, verifier: createVerifier(choice.mode, options, metadata) }
  })
  return {
    get chosen() {
      return known
    },
    choice: async () => (await chosen()).choice,
    verify: async (token) => (await chosen()).verifier.verify(token),
    async probe() {
      const { choice, verifier } = await chosen()
      if (choice.mode === 'jwt') await loadKeys(await metadata(), timeoutMs)
      else await verifier.verify(probeToken)
    },
  }
}

const effects: Readonly<Record<ValidationMode, string>> = {
  introspection: 'revoked tokens are noticed',
  jwt: 'a revoked token is accepted until it expires',
  tokeninfo: 'revoked tokens are noticed',
}

async function choose(options: VerifierOptions, metadata: () => Promise<IssuerMetadata>): Promise<Choice> {
  const { issuer, client, introspectionEndpoint } = options
  const canIntrospect = hasCredentials(client)
  if (introspectionEndpoint && canIntrospect) {
    return { mode: 'introspection', reason: 'its endpoint is configured' }
  }
  const { introspection_endpoint, jwks_uri } = await metadata()
  if (introspection_endpoint && canIntrospect) {
    return { mode: 'introspection', reason: `the issuer offers it: ${effects.introspection}` }
  }
  if (jwks_uri) {
    const missing = introspection_endpoint
      ? 'this server has no credentials to introspect with'
      : 'the issuer offers no introspection'
    return { mode: 'jwt', reason: `${missing}: ${effects.jwt}` }
  }
  throw new AuthorityUnavailable(`The metadata of ${issuer} names neither an introspection endpoint nor keys`)
}

/** No token of any issuer: an answer about it shows that the issuer answers, and whom it lets ask. */
const probeToken = 'readiness-probe'

function hasCredentials(client: IntrospectionClient | undefined): client is IntrospectionClient {
  return client?.secret !== undefined || client?.privateKey !== undefined
}

function createVerifier(
  mode: ValidationMode,
  options: VerifierOptions,
  metadata: () => Promise<IssuerMetadata>,
): TokenVerifier {
  const { client, introspectionEndpoint } = options
  switch (mode) {
    case 'introspection':
      if (!hasCredentials(client)) throw new TypeError('Introspection needs the credentials of this server')
      return createIntrospectionVerifier({
        ...options,
        metadata,
        client,
        ...(introspectionEndpoint && { endpoint: introspectionEndpoint }),
      })
    case 'jwt':
      return createJwtVerifier({ ...options, metadata })
    case 'tokeninfo':
      return createTokenInfoVerifier({ ...options, endpoint: introspectionEndpoint ?? googleTokenInfo })
  }
}
