import { randomBytes } from 'node:crypto'
import { Browser, signIn } from './sign-in.ts'

/** Where the authorization server sends the browser; nothing listens there, the test reads the redirect. */
const redirectUrl = 'http://127.0.0.1:43210/callback'

/**
 * An `OAuthClientProvider` as both SDKs' documentation has it: registers dynamically, keeps everything in memory.
 * The types of what it keeps are the SDK's own.
 */
export function createSdkOAuthProvider<Information, Tokens extends { access_token: string }, Discovery>() {
  let information: Information | undefined
  let tokens: Tokens | undefined
  let discovery: Discovery | undefined
  let verifier = ''
  let visited: URL | undefined
  const state = randomBytes(16).toString('base64url')
  return {
    redirectUrl,
    clientMetadata: {
      client_name: 'A client of the SDK',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => state,
    clientInformation: () => information,
    saveClientInformation(saved: Information) {
      information = saved
    },
    tokens: () => tokens,
    saveTokens(saved: Tokens) {
      tokens = saved
    },
    discoveryState: () => discovery,
    saveDiscoveryState(saved: Discovery) {
      discovery = saved
    },
    redirectToAuthorization(url: URL) {
      visited = url
    },
    saveCodeVerifier(saved: string) {
      verifier = saved
    },
    codeVerifier: () => verifier,

    /** Where the SDK sent the user last. */
    get visited(): URL {
      if (!visited) throw new Error('The SDK has sent the user nowhere.')
      return visited
    },
    /**
     * Submits the forms where the SDK sent the user last.
     * @returns the parameters of the redirect
     */
    async letUserSignIn(username: string, browser = new Browser()): Promise<URLSearchParams> {
      const { searchParams } = await signIn(browser, { url: this.visited.href }, username)
      if (searchParams.get('state') !== state) throw new Error('The redirect carries another state.')
      return searchParams
    },
  }
}
