import { authorizationCode } from '../client/grants/authorization-code.ts'
import { createOAuthClient, type OAuthClient } from '../client/oauth-client.ts'
import { createSecureFetch } from '../client/secure-fetch.ts'
import { createMemoryTokenStore } from '../client/token-store.ts'
import type { Tokens } from '../client/tokens.ts'
import type { TestAccount } from '../config/index.ts'
import { askedScopes } from './contract.ts'
import { type BrowserEvent, browse } from './form-browser.ts'
import { type Step, shorten } from './report.ts'
import { withTrace } from './trace.ts'

/** Somebody who has signed in. */
export interface SignedIn {
  readonly client: OAuthClient
  readonly tokens: Tokens
}

/** How an account signs in. */
export interface SignInOptions {
  readonly resource: string
  readonly signal: AbortSignal
  /** What `withTrace` has told of. */
  readonly seen: Set<string>
  readonly onStep: (step: Step) => void
}

/** The client as the documentation has it, registered at the provider. */
export const clientCredentials = { id: 'test-client' }

/** Signs an account in with the client's own code; only the browser is played, by filling in the real forms. */
export async function signIn(
  account: TestAccount,
  { resource, signal, seen, onStep }: SignInOptions,
): Promise<SignedIn> {
  const store = createMemoryTokenStore()
  const client = createOAuthClient({
    resource,
    client: clientCredentials,
    store,
    signal,
    fetch: withTrace(createSecureFetch(resource, { signal }), onStep, seen),
    grant: authorizationCode({
      signal,
      visit: async (url) => {
        for (const step of describeAuthorizationRequest(url)) onStep(step)
        await browse(url, account, (event) => {
          const step = describeEvent(event, account)
          if (step) onStep(step)
        })
      },
    }),
  })
  const tokens = await client.authorization.signIn({ scopes: askedScopes })
  const scopes = tokens.scopes.filter((scope) => askedScopes.includes(scope)).join(' ')
  onStep({
    standard: 'RFC 6749',
    what: 'granted: what the account has',
    outcome: scopes,
    ok: scopes === account.scopes.join(' '),
  })
  return { client, tokens }
}

function describeAuthorizationRequest({ searchParams }: URL): readonly Step[] {
  const read = (name: string) => searchParams.get(name) ?? ''
  const [method, resource, scope] = [read('code_challenge_method'), read('resource'), read('scope')]
  return [
    {
      standard: 'RFC 7636',
      what: 'authorization request, PKCE',
      outcome: `challenge ${shorten(read('code_challenge'))}, ${method}`,
      ok: method === 'S256',
    },
    { standard: 'RFC 8707', what: 'for one resource only', outcome: resource, ok: resource !== '' },
    {
      standard: 'RFC 6749',
      what: 'asked for',
      outcome: scope,
      ok: askedScopes.every((name) => scope.includes(name)),
    },
  ]
}

function describeEvent(event: BrowserEvent, { username }: TestAccount): Step | undefined {
  if (event.kind === 'login') {
    return { standard: 'RFC 6749', what: 'login form', outcome: `filled in by ${username}`, ok: true }
  }
  if (event.kind === 'consent') {
    return { standard: 'RFC 6749', what: 'consent form', outcome: `agreed by ${username}`, ok: true }
  }
  const code = event.url.searchParams.get('code')
  const iss = event.url.searchParams.get('iss')
  if (code === null) return undefined
  return {
    standard: 'RFC 9207',
    what: `redirect to ${event.url.host}`,
    outcome: `code ${shorten(code)}, state, ${iss === null ? 'no iss' : 'iss'}`,
    ok: iss !== null,
  }
}
