import { type Authorizer, createAuthorizer } from './authorizer.ts'
import { createClientRegistrar } from './client-registration.ts'
import { type Discovery, discover } from './discovery.ts'
import type { OAuthClientOptions } from './oauth-client.ts'
import type { Fetch } from './secure-fetch.ts'
import { type SignOut, signOut } from './sign-out.ts'
import type { Tokens } from './tokens.ts'

/** All that speaks to authorization servers. */
export interface Authority {
  readonly authorizer: Authorizer
  /** @param metadataUrl `resource_metadata` of a challenge */
  discover(metadataUrl?: string): Promise<Discovery>
  /** Revokes the tokens at hand and forgets them. */
  signOut(): Promise<SignOut>
}

/** What it works with. */
export type AuthorityOptions = OAuthClientOptions &
  Required<Pick<OAuthClientOptions, 'profile' | 'now'>> & {
    readonly fetch: Fetch
    /** The tokens at hand. */
    readonly tokens: () => Promise<Tokens | undefined>
  }

/** Puts discovery, registration and the grant together. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { profile, client, clientMetadataUrl, store, fetch, now, tokens } = options
  const { clientName = 'Gatehouse MCP client', dpop = 'when-required', onSignIn } = options
  const registrar = createClientRegistrar({
    ...(client && { client }),
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    clientName,
    store,
    fetch,
    now,
  })
  const grant = typeof options.grant === 'function' ? await options.grant() : options.grant
  return {
    authorizer: createAuthorizer({
      profile,
      grant,
      registrar,
      dpop,
      fetch,
      now,
      ...(onSignIn && { onSignIn }),
    }),
    async discover(metadataUrl) {
      const { resource, issuer, rulesOf } = options
      const preferred = [(await tokens())?.issuer, client?.issuer]
      return await discover(
        {
          resource,
          fetch,
          preferredIssuers: preferred.filter((known) => known !== undefined),
          ...(issuer !== undefined && { issuer }),
          ...(rulesOf && { rulesOf }),
        },
        metadataUrl,
      )
    },
    signOut: async () => await signOut(await tokens(), { registrar, store, fetch }),
  }
}
