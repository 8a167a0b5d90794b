import { type Html, html } from '../../runtime/html.ts'
import type { ConnectedApplication } from '../account/applications.ts'
import { redirectTarget, type Verification } from '../interactions/client-identity.ts'
import { scopeDescriptions } from '../scope-descriptions.ts'
import type { Page } from './send-page.ts'
import { timeAgo, timeLeft } from './time.ts'

/** What the page of connected applications shows. */
export interface AccountView {
  readonly username: string
  readonly formToken: string
  /** Unix seconds. */
  readonly now: number
  /** Whether the page answers a disconnection. */
  readonly justDisconnected: boolean
  readonly applications: readonly (ConnectedApplication & { readonly verification: Verification })[]
}

type Application = AccountView['applications'][number]

/** The page on which a user sees what has access, and ends it. */
export function accountPage(view: AccountView): Page {
  const { applications, justDisconnected, username } = view
  return {
    title: 'Connected applications',
    wide: true,
    body: html`<p class="brand">Gatehouse</p>
<h1>Connected applications</h1>
${justDisconnected && html`<p class="done" role="status">The application is disconnected. Servers refuse it within seconds.</p>`}
<p>Signed in as <strong><bdi>${username}</bdi></strong>. <a href="/logout">Log out</a></p>
${
  applications.length === 0
    ? html`<p class="empty">No application has access to your account.<br><span class="soft">One that you allow something appears here, and can be disconnected here.</span></p>`
    : html`<p class="soft">These applications can act for you. Disconnecting one ends its access on all your devices.</p>
<ul class="applications">
${applications.map((application) => applicationItem(application, view))}</ul>`
}`,
  }
}

function applicationItem(application: Application, { now, formToken }: AccountView): Html {
  const { connection, scopes, signIns, lastUsedAt, accessUntil } = application
  const left = timeLeft(accessUntil, now)
  return html`<li>
<h2><bdi>${connection.clientName}</bdi></h2>
<p class="soft">${identity(application)}</p>
<dl>
<dt>May</dt><dd>${scopes.map((scope) => scopeDescriptions[scope].title).join(' · ')}</dd>
<dt>Last used</dt><dd>${timeAgo(lastUsedAt, now)}${signIns > 1 && html`, ${signIns} sign-ins`}</dd>
<dt>Access ends</dt><dd>${left}${scopes.includes('offline_access') && ', unless it is used before'}</dd>
</dl>
<form method="post" action="/account/disconnect">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="client_id" value="${connection.clientId}">
<button type="submit" class="quiet" aria-label="Disconnect ${connection.clientName}">Disconnect</button>
</form>
</li>
`
}

function identity({ verification, connection: { redirectUri } }: Application): Html {
  if (verification.verified) {
    const host = redirectUri === undefined ? undefined : redirectTarget(redirectUri).host
    return html`<span class="tag">Verified</span> ${host !== undefined && html`<span class="mono">${host}</span>`}`
  }
  return html`<span class="tag unsure">Not verified</span> <span class="mono">${verification.host}</span>`
}

/** The page for somebody who did not want to sign in. */
export function notSignedInPage(): Page {
  return {
    title: 'You are not signed in',
    body: html`<p class="brand">Gatehouse</p>
<h1>You are not signed in</h1>
<p>Connected applications are shown to the account that they belong to.</p>
<p><a href="/account">Sign in</a></p>
<p class="soft"><a href="/">Start page</a></p>`,
  }
}
