import type { ScopeDescription } from '../../config/index.ts'
import { type Html, html } from '../../runtime/html.ts'
import type { Page } from './send-page.ts'

/** Who vouches for the client. The host of one that nobody vouches for is shown. */
export type ConsentVerification =
  | { readonly verified: true }
  | { readonly verified: false; readonly source: 'registration' | 'metadata-document'; readonly host: string }

/** What the consent page shows. */
export interface ConsentView {
  /** The path that the form is submitted to. */
  readonly action: string
  readonly formToken: string
  readonly clientName: string
  readonly verification: ConsentVerification
  /** The host that the answer is sent to; undefined for a device, which fetches it itself. */
  readonly redirectHost: string | undefined
  /** Whether the answer is sent to a program on the user's own computer. */
  readonly redirectsToThisComputer: boolean
  readonly resource: string
  readonly username: string
  /** What would be permitted, in words. */
  readonly scopes: readonly ScopeDescription[]
  /** Scopes that were asked for and that the account does not have. */
  readonly unavailable: readonly string[]
  /** How long the access lasts, in words. */
  readonly lifetime: string
}

/** The page that asks whether a client may act for the user. */
export function consentPage(view: ConsentView): Page {
  const title = view.scopes.length > 0 ? 'Allow access?' : 'There is nothing to allow'
  return {
    title,
    body: html`<p class="brand">Gatehouse</p>
<h1>${title}</h1>
${origin(view)}
<dl>
<dt>Application</dt><dd><bdi>${view.clientName}</bdi></dd>
<dt>Answer goes to</dt><dd class="mono">${view.redirectHost ?? 'the device that shows the code'}</dd>
<dt>Server</dt><dd class="mono">${view.resource}</dd>
<dt>Signed in as</dt><dd>${view.username}</dd>
</dl>
${view.scopes.length > 0 ? permissions(view) : html`<p>The application asks for what your account may not do itself.</p>`}
${
  view.unavailable.length > 0 &&
  html`<p class="soft">Asked for, but not open to your account: ${view.unavailable.join(', ')}.</p>`
}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="actions">
${view.scopes.length > 0 && html`<button type="submit" name="decision" value="allow">Allow</button>`}
<button type="submit" name="decision" value="deny" class="quiet">${view.scopes.length > 0 ? 'Deny' : 'Back to the application'}</button>
</div>
</form>`,
  }
}

function permissions({ scopes, lifetime }: ConsentView): Html {
  return html`<h2>It will be able to</h2>
<ul class="plain">
${scopes.map(
  ({
    title,
    description,
  }) => html`<li><strong>${title}</strong><br><span class="soft">${description}</span></li>
`,
)}</ul>
<p class="soft">${lifetime}</p>`
}

function origin({ verification, redirectsToThisComputer }: ConsentView): Html {
  return html`${!verification.verified && unverified(verification)}${
    redirectsToThisComputer && html`<p class="soft">The application runs on this computer.</p>`
  }`
}

function unverified({ source, host }: Extract<ConsentVerification, { verified: false }>): Html {
  const shown = html`<span class="mono">${host}</span>`
  return html`<p class="warning"><strong>Not verified.</strong> ${
    source === 'registration'
      ? html`The application registered itself under this name; its answer goes to ${shown}.`
      : html`The application describes itself at ${shown}.`
  } Allow this only if you have just started it.</p>`
}
