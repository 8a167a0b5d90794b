import type { TestAccount } from '../../config/index.ts'
import { type Html, html } from '../../runtime/html.ts'

/** A table of the accounts whose passwords are public. For development only. */
export function testAccountsTable(accounts: readonly TestAccount[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Test accounts"><table>
<thead><tr><th scope="col">User name</th><th scope="col">Password</th><th scope="col">Scopes</th></tr></thead>
<tbody>
${accounts.map(
  ({ username, password, scopes }) =>
    html`<tr><td><code>${username}</code></td><td><code>${password}</code></td><td>${scopes.join(', ')}</td></tr>
`,
)}</tbody>
</table></div>`
}
