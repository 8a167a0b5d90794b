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
})
