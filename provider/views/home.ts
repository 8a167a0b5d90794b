import type { Config, TestAccount } from '../../config/index.ts'
import { html } from '../../runtime/html.ts'
import type { Page } from './send-page.ts'
import { testAccountsTable } from './test-accounts.ts'

const endpoints = [
  ['GET', '/authorize', 'Sign in and consent', 'RFC 6749, PKCE'],
  ['POST', '/token', 'Tokens for codes, refresh tokens and machines', 'RFC 6749'],
  ['POST', '/par', 'Pushed authorization requests', 'RFC 9126'],
  ['POST', '/device/auth', 'A code for a device without a browser', 'RFC 8628'],
  ['GET', '/device', 'Enter a device’s code', 'RFC 8628'],
  ['POST', '/introspect', 'What a token permits, for the MCP server', 'RFC 7662'],
  ['POST', '/revoke', 'End a token', 'RFC 7009'],
  ['POST', '/register', 'Register a client', 'RFC 7591'],
  ['GET', '/userinfo', 'Who signed in', 'OpenID Connect'],
  ['GET', '/logout', 'Sign out of this server', 'RP-Initiated Logout'],
  ['GET', '/jwks', 'Keys that verify ID tokens', 'RFC 7517'],
] as const

const metadata = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

/**
 * The page at the root: what this server is and where it answers.
 * @param username of whoever is signed in
 */
export function homePage(
  { issuer, resource, registration }: Pick<Config, 'issuer' | 'resource' | 'registration'>,
  testAccounts: readonly TestAccount[],
  username?: string,
): Page {
  return {
    title: 'Authorization server',
    wide: true,
    body: html`<p class="brand">Gatehouse</p>
<h1>Authorization server</h1>
<p>People sign in here, and decide what an MCP client may do for them. The tokens issued here are for <span class="mono">${resource}</span>.</p>
${
  username !== undefined &&
  html`<p>You are signed in as <strong><bdi>${username}</bdi></strong>. <a href="/account">Connected applications</a> · <a href="/logout">Log out</a></p>`
}
<dl>
<dt>Issuer</dt><dd class="mono">${issuer}</dd>
<dt>Metadata</dt><dd>${metadata.map((path) => html`<a class="mono" href="${path}">${path}</a><br>`)}</dd>
</dl>
<h2>Endpoints</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Endpoints"><table>
<thead><tr><th scope="col">Endpoint</th><th scope="col">Purpose</th><th scope="col">Standard</th></tr></thead>
<tbody>
${endpoints
  .filter(([, path]) => registration === 'open' || path !== '/register')
  .map(
    ([method, path, purpose, standard]) =>
      html`<tr><td><code>${method}</code> <code>${path}</code></td><td>${purpose}</td><td class="soft">${standard}</td></tr>
`,
  )}</tbody>
</table></div>
${
  testAccounts.length > 0 &&
  html`<h2>Test accounts</h2>
<p class="soft">This server runs in development. These accounts are public.</p>
${testAccountsTable(testAccounts)}`
}`,
  }
}
