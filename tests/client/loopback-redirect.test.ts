import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from '@jest/globals'
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

  it('takes nothing by hand but its own address, and tells the other way that it is over', async () => {
    const over = Promise.withResolvers<void>()
    const redirect = await openLoopbackRedirect({
      pastedCallback: async (_wanted, signal) => {
        signal.addEventListener('abort', () => over.resolve())
        return new URL('https://evil.example/callback?code=abc')
      },
    })
    await expect(redirect.receive(async () => 'taken')).rejects.toMatchObject({ status: exitStatus.signIn })
    await redirect.close()
    await over.promise
  })
})
