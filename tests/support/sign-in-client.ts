import { authorizationCode } from '../../client/grants/authorization-code.ts'
import { createOAuthClient, type OAuthClient } from '../../client/oauth-client.ts'
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

/**
 * @param username who sits in front of it; undefined for someone who turns away from every sign-in
 * @param now Unix seconds
 * @param signInAt how, when the pages are not the bundled provider's
 */
export function createTestClient(
  resource: string,
  username: string | undefined,
  {
    now,
    store = createMemoryTokenStore(),
    signInAt = atProvider,
  }: { now?: () => number; store?: TokenStore; signInAt?: SignInAt } = {},
): SignedInClient {
  let signIns = 0
  const client = createOAuthClient({
    resource,
    client: { id: 'test-client' },
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
