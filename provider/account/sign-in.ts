import { randomBytes } from 'node:crypto'
import { type ClientMetadata, interactionPolicy } from 'oidc-provider'
import type { Config } from '../../config/index.ts'

/** The client that the page of connected applications signs in as: this server itself. */
export const accountPageClientId = 'gatehouse-account'

/** It is answered at the page itself, and can get no token: see `accountPageSignIn`. */
export function accountPageClient({ issuer }: Pick<Config, 'issuer'>): ClientMetadata {
  return {
    client_id: accountPageClientId,
    client_name: 'Gatehouse',
    redirect_uris: [accountPageUrl({ issuer })],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
}

/**
 * An authorization request of the page's own, so that people sign in there as they do for every
 * application. What counts is the session that it leaves in the browser. The code that comes with it is
 * thrown away, and nobody else can use it: no one knows a verifier for the challenge, and it stands on no grant.
 */
export function accountPageSignIn({ issuer }: Pick<Config, 'issuer'>): string {
  const url = new URL('/authorize', issuer)
  url.search = new URLSearchParams({
    client_id: accountPageClientId,
    redirect_uri: accountPageUrl({ issuer }),
    response_type: 'code',
    scope: 'openid',
    // Also when a session is left over whose account can no longer sign in.
    prompt: 'login',
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  return url.href
}

/** Asks nobody for consent to see their own page. Everything else is oidc-provider's own policy. */
export function accountPagePolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  for (const check of policy.get('consent')?.checks ?? []) {
    const ask = check.check
    check.check = (ctx) => ctx.oidc.client?.clientId !== accountPageClientId && ask(ctx)
  }
  return policy
}

function accountPageUrl({ issuer }: Pick<Config, 'issuer'>): string {
  return new URL('/account', issuer).href
}
