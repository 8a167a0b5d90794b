import type { IncomingMessage, ServerResponse } from 'node:http'
import { html, page, styleHash } from '../runtime/html.ts'

/** A page that the loopback redirect answers with. */
export interface Answer {
  readonly status: number
  readonly title: string
  readonly text: string
}

export const answers = {
  signedIn: {
    status: 200,
    title: 'You are signed in',
    text: 'You can close this page and go back to the terminal.',
  },
  failed: { status: 400, title: 'Signing in failed', text: 'The terminal says why.' },
  otherSignIn: {
    status: 400,
    title: 'Not the answer to this sign-in',
    text: 'The terminal still waits for the right one. Open the address that it printed.',
  },
  foreignHost: { status: 403, title: 'Forbidden', text: 'This address serves the redirect of one sign-in.' },
  notFound: { status: 404, title: 'Not found', text: 'There is nothing here.' },
  notGet: { status: 405, title: 'Method not allowed', text: 'The redirect of a sign-in is a GET.' },
  used: { status: 410, title: 'Already used', text: 'This sign-in has had its answer.' },
} as const satisfies Record<string, Answer>

/**
 * Judges a request by all but its parameters. A foreign Host is a name that an attacker made resolve to this machine
 * (DNS rebinding).
 * @returns the refusal; undefined for a request to the redirect URI
 */
export function refuseRequest(request: IncomingMessage, { host, origin, pathname }: URL): Answer | undefined {
  if (request.headers.host !== host) return answers.foreignHost
  // A request target may be a whole URL (RFC 9112 §3.2.2), of any host.
  const asked = URL.parse(request.url ?? '', origin)
  if (asked?.origin !== origin || asked.pathname !== pathname) return answers.notFound
  if (request.method !== 'GET') return answers.notGet
  return undefined
}

/** Repeats nothing that the request said. Resolves when the answer is on its way, or the browser has gone. */
export async function sendAnswer(response: ServerResponse, { status, title, text }: Answer): Promise<void> {
  const done = Promise.withResolvers<void>()
  response.once('close', done.resolve)
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; style-src ${styleHash}; img-src data:; frame-ancestors 'none'`,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
    ...(status === 405 && { allow: 'GET' }),
  })
  response.end(page({ title, body: html`<h1>${title}</h1><p>${text}</p>` }))
  await done.promise
}
