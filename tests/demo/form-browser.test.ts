import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from '@jest/globals'
import { type BrowserEvent, browse } from '../../demo/form-browser.ts'
import { openServer } from '../support/http-server.ts'

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((close) => close()))
})

interface Page {
  readonly html?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status?: number
}

/** Serves pages, and remembers each request as one line. */
async function serve(pages: Record<string, Page | (() => Page)>) {
  const requests: string[] = []
  const { server, origin, close } = await openServer(async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    const cookie = request.headers.cookie ? ` (${request.headers.cookie})` : ''
    requests.push(
      `${request.method} ${request.url} ${await text(request)}${cookie}`.replace(/ +/g, ' ').trim(),
    )
    const page = pages[path] ?? { status: 404 }
    const { html = '', headers, status = 200 } = typeof page === 'function' ? page() : page
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(html)
  })
  running.push(close)
  expect(server.listening).toBe(true)
  return { origin, requests }
}

const user = { username: 'alice', password: 'p&ss' }
const loginForm = `<form method="post" action="login">
  <input type="hidden" name="csrf" value="x"><input name="who"><input type="password" name="secret">
  <input type="checkbox" name="remember" checked><input type="checkbox" name="newsletter">
  <button name="cancel" value="cancel">Cancel</button><button name="do" value="go">Sign in</button></form>`
const consentForm = `<form method="post" action="/consent">
  <button name="decision" value="deny">No</button><button name="decision" value="allow">Allow</button></form>`

describe('browse', () => {
  it('signs in and agrees the way a person would, with cookies and redirects', async () => {
    const { origin, requests } = await serve({
      '/start': { status: 303, headers: { location: '/deep/page', 'set-cookie': 'sid=1; Path=/; HttpOnly' } },
      '/deep/page': { html: loginForm },
      '/deep/login': { status: 303, headers: { location: '/ask' } },
      '/ask': { html: consentForm },
      '/consent': { status: 302, headers: { location: '/done?code=1' } },
      '/done': { html: '<h1>Done</h1>' },
    })
    const events: BrowserEvent['kind'][] = []
    await browse(new URL('/start', origin), user, ({ kind }) => events.push(kind))
    expect(requests).toEqual([
      'GET /start',
      'GET /deep/page (sid=1)',
      'POST /deep/login csrf=x&who=alice&secret=p%26ss&remember=on&do=go (sid=1)',
      'GET /ask (sid=1)',
      'POST /consent decision=allow (sid=1)',
      'GET /done?code=1 (sid=1)',
    ])
    expect(events).toEqual(['redirect', 'login', 'redirect', 'consent', 'redirect'])
  })

  it('gives up when the login form comes back', async () => {
    const { origin } = await serve({ '/start': { html: loginForm }, '/login': { html: loginForm } })
    await expect(browse(new URL('/start', origin), user, () => {})).rejects.toThrow(/does not let alice in/)
  })

  it('gives up on redirects without end', async () => {
    const { origin, requests } = await serve({ '/start': { status: 302, headers: { location: '/start' } } })
    await expect(browse(new URL('/start', origin), user, () => {})).rejects.toThrow(/has no end/)
    expect(requests).toHaveLength(20)
  })
})
