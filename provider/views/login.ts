import type { TestAccount } from '../../config/index.ts'
import { html } from '../../runtime/html.ts'
import type { Page } from './send-page.ts'
import { testAccountsTable } from './test-accounts.ts'

/** What the login page shows. */
export interface LoginView {
  /** The path that the form is submitted to. */
  readonly action: string
  readonly formToken: string
  /** Who asks; undefined for this server's own page. */
  readonly clientName: string | undefined
  readonly resource: string
  /** What the field is filled with. */
  readonly username: string
  /** Why the last attempt failed. */
  readonly problem?: string
  /** Offered for copying; empty outside development. */
  readonly testAccounts: readonly TestAccount[]
}

/** The page that asks who is there. */
export function loginPage(view: LoginView): Page {
  const failed = view.problem !== undefined
  const described = failed && html` aria-invalid="true" aria-describedby="problem"`
  const focus = html` autofocus`
  return {
    title: failed ? 'Sign in again' : 'Sign in',
    body: html`<p class="brand">Gatehouse</p>
<h1>Sign in</h1>
${
  view.clientName === undefined
    ? html`<p>To see what has access to your account, and to end it.</p>`
    : html`<p><bdi>${view.clientName}</bdi> wants to use <span class="mono">${view.resource}</span> for you.</p>`
}
${failed && html`<p class="error" id="problem" role="alert">${view.problem}</p>`}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<label for="username">User name</label>
<input type="text" id="username" name="username" value="${view.username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${described}${view.username === '' && focus}>
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required${described}${view.username !== '' && focus}>
<div class="actions">
<button type="submit" name="decision" value="continue">Sign in</button>
<button type="submit" name="decision" value="cancel" class="quiet" formnovalidate>Cancel</button>
</div>
</form>
${
  view.testAccounts.length > 0 &&
  html`<h2>Test accounts</h2>
<p class="soft">This server runs in development. These accounts are public.</p>
${testAccountsTable(view.testAccounts)}`
}`,
  }
}
