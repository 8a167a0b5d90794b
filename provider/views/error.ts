import type { ParameterizedContext } from 'koa'
import { html } from '../../runtime/html.ts'
import { sendPage } from './send-page.ts'

/** What went wrong: an OAuth error code, and the words that came with it. */
export interface ErrorDetails {
  readonly error: string
  readonly description?: string | undefined
}

interface Explanation {
  readonly title: string
  readonly what: string
  readonly next: string
}

const startAgain = 'Go back to the application and start again.'
const tellTheDeveloper = 'Nothing that you did is wrong: tell the people who make the application.'

const explanations: Record<string, Explanation> = {
  server_error: {
    title: 'Something failed on this server',
    what: 'The request was fine, but it could not be completed. The cause is in the server’s log.',
    next: 'Wait a moment, then go back to the application and try again.',
  },
  not_found: {
    title: 'There is no such page',
    what: 'Nothing answers at this address.',
    next: 'The start page lists what this server offers.',
  },
  interaction_ended: {
    title: 'This page can no longer be used',
    what: 'It has expired, was used before, or belongs to another sign-in.',
    next: startAgain,
  },
  page_ended: {
    title: 'This page can no longer be used',
    what: 'Since it was opened, you have signed out or signed in as somebody else. Nothing was changed.',
    next: 'Open connected applications again.',
  },
  invalid_client: {
    title: 'The application is not known here',
    what: 'The application that sent you did not identify itself in a way this server accepts.',
    next: tellTheDeveloper,
  },
  invalid_redirect_uri: {
    title: 'The application asked to be answered somewhere unexpected',
    what: 'You would be sent to an address that the application has not registered. It was not opened.',
    next: tellTheDeveloper,
  },
  too_many_requests: {
    title: 'Too many attempts',
    what: 'More was asked from your address than this server answers.',
    next: 'Wait some minutes, then try again.',
  },
  access_denied: { title: 'Access was denied', what: 'No access was given.', next: startAgain },
}

const otherwise: Explanation = {
  title: 'The application’s request cannot be used',
  what: 'The application that sent you asked for something in a way this server does not accept.',
  next: tellTheDeveloper,
}

/** Answers with a page that says what happened, why, and what to do next. The status is the context's. */
export function sendErrorPage(ctx: ParameterizedContext, { error, description }: ErrorDetails): void {
  const { title, what, next } = explanations[error] ?? otherwise
  sendPage(ctx, ctx.status, {
    title,
    body: html`<p class="brand">Gatehouse</p>
<h1>${title}</h1>
<p>${what}</p>
<p>${next}</p>
<dl class="soft">
<dt>Error</dt><dd><code>${error}</code></dd>
${description !== undefined && html`<dt>Reason</dt><dd>${description}</dd>`}
</dl>
<p class="soft"><a href="/">Start page</a></p>`,
  })
}
