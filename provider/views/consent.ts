import type { ScopeDescription } from '../../config/index.ts'
import { type Html, html } from '../../runtime/html.ts'
import type { Verification } from '../interactions/client-identity.ts'
import type { Page } from './send-page.ts'

/** A scope that the user can tick or leave out. */
export interface OfferedScope extends ScopeDescription {
  readonly name: string
  readonly ticked: boolean
  /** Whether the user left it out the last time that this application asked for it. */
  readonly leftOutBefore: boolean
}

/** What the consent page shows. */
export interface ConsentView {
  /** The path that the form is submitted to. */
  readonly action: string
  readonly formToken: string
  readonly clientName: string
  readonly verification: Verification
  /** The host that the answer is sent to; undefined for a device, which fetches it itself. */
  readonly redirectHost: string | undefined
  /** Whether the answer is sent to a program on the user's own computer. */
  readonly redirectsToThisComputer: boolean
  /** Whether the application has no other redirects than to the user's own computer. */
  readonly loopbackOnly: boolean
  readonly resource: string
  readonly username: string
  readonly scopes: readonly OfferedScope[]
  /** Scopes that were asked for and that the account does not have. */
  readonly unavailable: readonly string[]
  readonly accessHours: number
  /** How long access can be renewed; undefined when that was not asked for. */
  readonly renewedForDays: number | undefined
  /** Where the user finds this server again. */
  readonly issuerHost: string
}

/** The page that asks whether a client may act for the user, and how far. */
export function consentPage(view: ConsentView): Page {
  const offers = view.scopes.length > 0
  const title = offers ? 'Allow access?' : 'There is nothing to allow'
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
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
${offers ? permissions(view) : html`<p>The application asks for what your account may not do itself.</p>`}
${
  view.unavailable.length > 0 &&
  html`<p class="soft">Asked for, but not open to your account: ${view.unavailable.join(', ')}.</p>`
}
<div class="actions">
${offers && html`<button type="submit" name="decision" value="allow">Allow</button>`}
<button type="submit" name="decision" value="deny" class="quiet">${offers ? 'Deny' : 'Back to the application'}</button>
</div>
</form>
${offers && html`<p class="soft after">You can see and end it at any time under <a href="/account">connected applications</a> at <span class="mono">${view.issuerHost}</span>.</p>`}`,
  }
}

function permissions(view: ConsentView): Html {
  return html`<fieldset class="choices">
<legend>It will be able to</legend>
${view.scopes.map(choice)}</fieldset>
<p class="soft">Untick what it should not have. Access lasts for ${view.accessHours === 1 ? '1 hour' : `${view.accessHours} hours`}${
    view.renewedForDays !== undefined &&
    html`; staying connected, it is renewed without asking you for up to ${view.renewedForDays} days`
  }.</p>`
}

function choice({ name, title, description, ticked, leftOutBefore }: OfferedScope): Html {
  return html`<label><input type="checkbox" name="scope" value="${name}"${ticked && html` checked`}>
<span><strong>${title}</strong><br><span class="soft">${description}${leftOutBefore && ' You left this out last time.'}</span></span></label>
`
}

function origin({ verification, redirectsToThisComputer, loopbackOnly }: ConsentView): Html {
  if (!verification.verified) return unverified(verification, loopbackOnly || redirectsToThisComputer)
  return html`${redirectsToThisComputer && html`<p class="soft">The application runs on this computer.</p>`}`
}

function unverified(
  { source, host }: Extract<Verification, { verified: false }>,
  onThisComputer: boolean,
): Html {
  const shown = html`<span class="mono">${host}</span>`
  return html`<p class="warning"><strong>Not verified.</strong> ${
    source === 'metadata-document'
      ? html`The application describes itself at ${shown}.`
      : html`The application registered itself under this name${host !== '' && html`; its answer goes to ${shown}`}.`
  } ${
    onThisComputer && 'It runs on this computer, where any other program can pretend to be it.'
  } Allow this only if you have just started it.</p>`
}
