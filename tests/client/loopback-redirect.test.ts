import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, jest } from '@jest/globals'
import { exitStatus } from '../../client/failure.ts'
import { type LoopbackRedirect, openLoopbackRedirect } from '../../client/loopback-redirect.ts'

/** fetch would set Host by itself. */
function get(uri: string, { host, method = 'GET' }: { host?: string; method?: string } = {}) {
  const answer = Promise.withResolvers<{ status: number | undefined; body: string }>()
  const { hostname, port, pathname, search } = new URL(uri)
  const outgoing = request(
    { hostname, port, path: `${pathname}${search}`, method, ...(host && { headers: { host } }) },
    async (incoming) => answer.resolve({ status: incoming.statusCode, body: await text(incoming) }),
  )
  outgoing.once('error', answer.reject)
  outgoing.end()
  return answer.promise
}

async function withRedirect(test: (redirect: LoopbackRedirect) => Promise<void>): Promise<void> {
  const redirect = await openLoopbackRedirect()
  try {
    await test(redirect)
  } finally {
    await redirect.close()
  }
}

describe('openLoopbackRedirect', () => {
  it('listens on 127.0.0.1 and a port of its own (attack 44)', async () => {
    await withRedirect(async (first) => {
      await withRedirect(async (second) => {
        expect(first.uri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
        expect(second.uri).not.toBe(first.uri)
      })
    })
  })

  it('cannot be reached at any other address of this machine (attack 44)', async () => {
    await withRedirect(async ({ uri }) => {
      const { port } = new URL(uri)
      const other = `http://127.0.0.2:${port}/callback`
      await expect(get(other, { host: `127.0.0.1:${port}` })).rejects.toThrow()
    })
  })

  it('hands over the callback and tells the browser once all is done', async () => {
    await withRedirect(async (redirect) => {
      const received = redirect.receive(async (url) => url.searchParams.get('code'))
      const answer = await get(`${redirect.uri}?code=abc`)
      expect(await received).toBe('abc')
      expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('You are signed in') })
    })
  })

  it('tells the browser when signing in failed, without repeating anything', async () => {
    await withRedirect(async (redirect) => {
      const received = redirect.receive(() => Promise.reject(new Error('state is wrong')))
      const [outcome, answer] = await Promise.all([
        received.catch((error: Error) => error.message),
        get(`${redirect.uri}?error=%3Cscript%3Ealert(1)%3C/script%3E`),
      ])
      expect(outcome).toBe('state is wrong')
      expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('Signing in failed') })
      expect(answer.body).not.toMatch(/alert|state is wrong/)
    })
  })

  it('takes one callback only (attack 44)', async () => {
    await withRedirect(async (redirect) => {
      const gate = Promise.withResolvers<void>()
      const codes: (string | null)[] = []
      const received = redirect.receive(async (url) => {
        codes.push(url.searchParams.get('code'))
        await gate.promise
      })
      const first = get(`${redirect.uri}?code=first`)
      const second = await get(`${redirect.uri}?code=second`)
      gate.resolve()
      await received
      const statuses = [(await first).status, second.status]
      expect(statuses).toEqual([200, 410])
      expect(codes).toEqual(['first'])
    })
  })

  it.each([
    ['a foreign Host', { host: 'evil.example' }, '', 403],
    ['localhost as Host', { host: 'localhost' }, '', 403],
    ['another path', {}, '/../other', 404],
    ['a POST', { method: 'POST' }, '', 405],
  ])('refuses %s and goes on waiting (attack 44)', async (_, options, suffix, status) => {
    await withRedirect(async (redirect) => {
      const received = redirect.receive(async (url) => url.searchParams.get('code'))
      expect((await get(`${redirect.uri}${suffix}?code=evil`, options)).status).toBe(status)
      await get(`${redirect.uri}?code=good`)
      expect(await received).toBe('good')
    })
  })

  it('stops waiting after its time, and says what to do', async () => {
    const redirect = await openLoopbackRedirect({ timeoutMs: 1 })
    await expect(redirect.receive(async () => {})).rejects.toMatchObject({
      status: exitStatus.signIn,
      hint: expect.stringContaining('Run the command again'),
    })
    await redirect.close()
  })

  it('stops waiting when it is told to, and frees its port', async () => {
    const end = new AbortController()
    const redirect = await openLoopbackRedirect({ signal: end.signal })
    const received = redirect.receive(async () => {})
    end.abort(new Error('interrupted'))
    await expect(received).rejects.toThrow('interrupted')
    await redirect.close()
    await expect(get(redirect.uri)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('comes back at the port that was registered, and at another when that is taken', async () => {
    await withRedirect(async ({ uri }) => {
      const second = await openLoopbackRedirect({ uri })
      await second.close()
      expect(second.uri).not.toBe(uri)
      const third = await openLoopbackRedirect({ uri: second.uri })
      await third.close()
      expect(third.uri).toBe(second.uri)
    })
  })

  it('says which port is taken where no other will do', async () => {
    await withRedirect(async ({ uri }) => {
      await expect(openLoopbackRedirect({ uri, portIsFixed: true })).rejects.toMatchObject({
        message: `Port ${new URL(uri).port} is taken by another program.`,
        hint: expect.stringContaining('REDIRECT_PORT'),
      })
    })
  })

  it('serves the host and path that a registration asks for, on this machine only (attack 44)', async () => {
    const redirect = await openLoopbackRedirect({ uri: 'http://localhost/oauth/callback' })
    const { port } = new URL(redirect.uri)
    const received = redirect.receive(async (url) => url.href)
    const foreign = await get(`http://127.0.0.1:${port}/oauth/callback`)
    const answer = await get(`http://127.0.0.1:${port}/oauth/callback?code=a`, { host: `localhost:${port}` })
    await redirect.close()
    expect([foreign.status, answer.status]).toEqual([403, 200])
    expect(await received).toBe(`${redirect.uri}?code=a`)
  })

  it.each(['https://127.0.0.1/callback', 'http://192.0.2.1/callback', 'http://evil.example/', 'nonsense'])(
    'refuses to come back at %s',
    async (uri) => {
      await expect(openLoopbackRedirect({ uri })).rejects.toMatchObject({ status: exitStatus.usage })
    },
  )

  it('takes a callback that somebody brings by hand', async () => {
    const pasted = Promise.withResolvers<URL>()
    let beginning = ''
    const redirect = await openLoopbackRedirect({
      pastedCallback(wanted) {
        beginning = wanted
        return pasted.promise
      },
    })
    const received = redirect.receive(async (url) => url.searchParams.get('code'))
    expect(beginning).toBe(`${redirect.uri}?`)
    pasted.resolve(new URL(`${redirect.uri}?code=by-hand`))
    expect(await received).toBe('by-hand')
    expect((await get(`${redirect.uri}?code=late`)).status).toBe(410)
    await redirect.close()
  })

  it('asks again for what was brought by hand and is not the callback, and tells the other way that it is over', async () => {
    const over = Promise.withResolvers<void>()
    const typed = [
      'https://evil.example/callback?code=evil&state=right',
      '?code=evil&state=wrong',
      '?code=good&state=right',
    ]
    let count = 0
    const redirect = await openLoopbackRedirect({
      state: 'right',
      pastedCallback: async (wanted, signal, isCallback) => {
        signal.addEventListener('abort', () => over.resolve())
        const url = new URL(typed[count++] ?? '', wanted)
        expect(isCallback(url)).toBe(count === 3)
        return url
      },
    })
    expect(await redirect.receive(async (url) => url.searchParams.get('code'))).toBe('good')
    await redirect.close()
    await over.promise
  })

  it('stops asking for an address after ten wrong ones, and takes the browser’s', async () => {
    let count = 0
    const redirect = await openLoopbackRedirect({
      pastedCallback: async () => {
        count += 1
        return new URL('https://evil.example/callback?code=abc')
      },
    })
    const received = redirect.receive(async (url) => url.searchParams.get('code'))
    await get(`${redirect.uri}?code=good`)
    expect(await received).toBe('good')
    expect(count).toBe(10)
    await redirect.close()
  })
})

describe('what any web page and program can send to the redirect', () => {
  const good = '?code=good&state=right'

  it.each([
    ['another state', 'GET', '/callback?code=evil&state=wrong', 400],
    ['no state', 'GET', '/callback?code=evil', 400],
    ['no parameters at all', 'GET', '/callback', 400],
    ['the state twice', 'GET', '/callback?state=right&state=wrong&code=evil', 400],
    ['the state in other letters', 'GET', '/callback?State=right&code=evil', 400],
    ['an error with another state', 'GET', '/callback?error=access_denied&state=wrong', 400],
    ['an error without a state', 'GET', '/callback?error=access_denied', 400],
    ['the state in a fragment', 'GET', '/callback?code=evil#state=right', 400],
    ['the icon of a page', 'GET', '/favicon.ico', 404],
    ['two slashes', 'GET', '//callback?code=evil&state=right', 404],
    ['a whole URL of another host', 'GET', 'http://evil.example/callback?code=evil&state=right', 404],
    ['a longer path', 'GET', '/callback/?code=evil&state=right', 404],
    ['HEAD, as link checkers do', 'HEAD', '/callback?code=evil&state=right', 405],
    ['OPTIONS, as a preflight', 'OPTIONS', '/callback?code=evil&state=right', 405],
    ['a form', 'POST', '/callback?code=evil&state=right', 405],
  ])('does not end the wait: %s', async (_, method, path, status) => {
    const redirect = await openLoopbackRedirect({ state: 'right' })
    const seen: string[] = []
    const received = redirect.receive(async (url) => seen.push(url.searchParams.get('code') ?? ''))
    const { hostname, port, host } = new URL(redirect.uri)
    const answer = Promise.withResolvers<number | undefined>()
    const outgoing = request({ hostname, port, path, method, headers: { host } }, (incoming) => {
      incoming.resume()
      answer.resolve(incoming.statusCode)
    })
    outgoing.end()
    expect(await answer.promise).toBe(status)
    expect((await get(`${redirect.uri}${good}`)).status).toBe(200)
    await received
    expect(seen).toEqual(['good'])
    await redirect.close()
  })

  it('ends the wait with the right state, whatever else is wrong, and tells the page nothing of it', async () => {
    const redirect = await openLoopbackRedirect({ state: 'right' })
    const received = redirect.receive(() => Promise.reject(new Error('wrong issuer')))
    const outcome = received.catch((error: Error) => error.message)
    const { status, body } = await get(`${redirect.uri}?iss=https://evil.example&error=evil&state=right`)
    expect(await outcome).toBe('wrong issuer')
    expect(status).toBe(400)
    expect(body).not.toMatch(/evil/)
    expect((await get(`${redirect.uri}${good}`)).status).toBe(410)
    await redirect.close()
  })

  it('tells how many foreign answers there were once, when nobody came', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date', 'performance'] })
    try {
      const redirect = await openLoopbackRedirect({ state: 'right', timeoutMs: 60_000 })
      const outcome = redirect.receive(async () => {}).catch((error: unknown) => error)
      for (let count = 0; count < 3; count++) await get(`${redirect.uri}?state=wrong`)
      jest.advanceTimersByTime(60_000)
      expect(await outcome).toMatchObject({ hint: expect.stringContaining('3 answers') })
      await redirect.close()
    } finally {
      jest.useRealTimers()
    }
  })

  it('serves the browser although other connections are open and send nothing', async () => {
    const redirect = await openLoopbackRedirect({ state: 'right' })
    const { hostname, port } = new URL(redirect.uri)
    const ended: Promise<unknown>[] = []
    for (let count = 0; count < 200; count++) {
      const socket = connect({ host: hostname, port: Number(port) })
      ended.push(once(socket, 'close'))
      socket.on('error', () => {})
      await once(socket, 'connect')
    }
    // 136 of them had to make room.
    await Promise.all(ended.slice(0, 100))
    const received = redirect.receive(async (url) => url.searchParams.get('code'))
    expect((await get(`${redirect.uri}${good}`)).status).toBe(200)
    expect(await received).toBe('good')
    await redirect.close()
    await Promise.all(ended)
  })

  it('keeps the page that waits for the tokens while hundreds of wrong answers come', async () => {
    const redirect = await openLoopbackRedirect({ state: 'right' })
    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const received = redirect.receive(async () => {
      begun.resolve()
      await gate.promise
    })
    const page = get(`${redirect.uri}${good}`)
    await begun.promise
    const flood = Array.from({ length: 300 }, () => get(`${redirect.uri}?state=wrong`).catch(() => undefined))
    await Promise.all(flood)
    gate.resolve()
    await received
    expect((await page).status).toBe(200)
    await redirect.close()
  })
})
