import type { PreregisteredClient } from '../../client/client-registration.ts'
import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { createOAuthClient, type OAuthClient, type OAuthClientOptions } from '../../client/oauth-client.ts'
import { createMemoryTokenStore, type TokenStore } from '../../client/token-store.ts'
import { Browser, signIn } from './sign-in.ts'

/** How somebody gets through the pages of an authorization server, back to the client. */
export type SignInAt = (url: URL, username: string) => Promise<void>

/** The pages of the bundled provider. */
const atProvider: SignInAt = async (url, username) => {
  await fetch(await signIn(new Browser(), { url: url.href }, username))
}

/** The code of client/, with a person who submits the forms over HTTP. */
export interface SignedInClient extends OAuthClient {
  readonly store: TokenStore
  /** How often the person was sent to the authorization server. */
  readonly signIns: () => number
}

/** What a test client is made of, where it is not the bundled provider's. */
export interface TestClientOptions {
  /** Unix seconds. */
  readonly now?: () => number
  readonly store?: TokenStore
  /** How the person signs in, when the pages are not the bundled provider's. */
  readonly signInAt?: SignInAt
  /** The registration. Default: the bundled provider's `test-client`. */
  readonly client?: PreregisteredClient
  readonly rulesOf?: OAuthClientOptions['rulesOf']
}

/**
 * @param username who sits in front of it; undefined for someone who turns away from every sign-in
 */
export function createTestClient(
  resource: string,
  username: string | undefined,
  {
    now,
    store = createMemoryTokenStore(),
    signInAt = atProvider,
    client: registration = { id: 'test-client' },
    rulesOf,
  }: TestClientOptions = {},
): SignedInClient {
  let signIns = 0
  const client = createOAuthClient({
    resource,
    client: registration,
    ...(rulesOf && { rulesOf }),
    store,
    ...(now && { now }),
    grant: authorizationCode({
      async visit(url) {
        signIns += 1
        if (username === undefined) throw new Error('Nobody signs in here.')
        await signInAt(url, username)
      },
    }),
  })
  return { ...client, store, signIns: () => signIns }
}
