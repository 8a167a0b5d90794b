import { html } from '../../runtime/html.ts'
import type { ErrorDetails } from './error.ts'
import type { Page } from './send-page.ts'

/** An error that is not sent to the client without being asked for. */
export interface UntrustedRedirect extends ErrorDetails {
  /** Where it would be sent to. */
  readonly host: string
  /** The same as an address; empty when the client wants the answer as a form. */
  readonly location: string
}

/** The page that stands between this server and an address that nobody here vouches for. */
export function untrustedRedirectPage({ error, description, host, location }: UntrustedRedirect): Page {
  const title = 'The application’s request cannot be used'
  const shown = html`<span class="mono">${host}</span>`
  return {
    title,
    body: html`<p class="brand">Gatehouse</p>
<h1>${title}</h1>
<p>An application that is not verified sent you with a request that cannot be fulfilled.</p>
<p>If you have just started it, it waits for this answer at ${shown}. If you came here by a link that somebody sent you, close this page.</p>
<dl class="soft">
<dt>Error</dt><dd><code>${error}</code></dd>
${description !== undefined && html`<dt>Reason</dt><dd>${description}</dd>`}
</dl>
${location !== '' && html`<p><a href="${location}">Go on to ${shown}</a></p>`}
<p class="soft"><a href="/">Start page</a></p>`,
  }
}
