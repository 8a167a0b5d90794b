import { html } from '../../runtime/html.ts'
import type { Page } from './send-page.ts'

/** What the log-out page shows. */
export interface LogoutView {
  /** The path that the form is submitted to. */
  readonly action: string
  /** Ties the form to the session, so that no other site can submit it. */
  readonly xsrf: string
  /** Absent when the account can sign in no more. */
  readonly username?: string | undefined
  /** The application that asks for it. Untrusted text. */
  readonly clientName?: string
  /** The host that the browser is sent back to. */
  readonly returnsTo?: string
}

/** The page that asks whether somebody means to log out. */
export function logoutPage({ action, xsrf, username, clientName, returnsTo }: LogoutView): Page {
  return {
    title: 'Log out?',
    body: html`<p class="brand">Gatehouse</p>
<h1>Log out?</h1>
${clientName !== undefined && html`<p><bdi>${clientName}</bdi> asks you to log out here.</p>`}
${username !== undefined && html`<p>This browser is signed in as <strong><bdi>${username}</bdi></strong>.</p>`}
<p class="soft">Applications keep the access that you gave them. <a href="/account">Connected applications</a> shows them, and ends it.</p>
${returnsTo !== undefined && html`<p class="soft">You go back to <span class="mono">${returnsTo}</span> afterwards.</p>`}
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${xsrf}">
<div class="actions">
<button type="submit" name="logout" value="yes">Log out</button>
<button type="submit" class="quiet">Stay signed in</button>
</div>
</form>`,
  }
}

/** The page after logging out. */
export function loggedOutPage(): Page {
  return {
    title: 'You are logged out',
    body: html`<p class="brand">Gatehouse</p>
<h1>You are logged out</h1>
<p>Nobody is signed in here in this browser. Signing in again takes a password.</p>
<p class="soft"><a href="/">Start page</a></p>`,
  }
}

/** The page for somebody who did not log out after all. */
export function stillSignedInPage(username: string): Page {
  return {
    title: 'You are signed in',
    body: html`<p class="brand">Gatehouse</p>
<h1>You are signed in</h1>
<p>This browser is signed in as <strong><bdi>${username}</bdi></strong>.</p>
<p class="soft"><a href="/">Start page</a> · <a href="/account">Connected applications</a> · <a href="/logout">Log out</a></p>`,
  }
}
