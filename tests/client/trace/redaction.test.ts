import { describe, expect, it } from '@jest/globals'
import { createRedaction } from '../../../client/trace/redaction.ts'

const secret = 'a-secret-that-nobody-may-see'

describe('what a trace shows', () => {
  it.each([
    ['a bearer token', (r) => r.header('Authorization', `Bearer ${secret}`)],
    ['Basic credentials', (r) => r.header('authorization', `Basic ${secret}`)],
    ['a DPoP proof', (r) => r.header('DPoP', secret)],
    ['a cookie', (r) => r.header('Set-Cookie', `session=${secret}`)],
    ['the code in a redirect', (r) => r.header('Location', `https://a.example/cb?code=${secret}&x=1`)],
    ['the code in a callback', (r) => r.url(`http://127.0.0.1:1/callback?code=${secret}&state=${secret}`)],
    ['a token in a fragment', (r) => r.url(`https://a.example/#access_token=${secret}`)],
    ['a password in a URL', (r) => r.url(`https://user:${secret}@a.example/`)],
    ['a refresh token in a form', (r) => r.form(`grant_type=refresh_token&refresh_token=${secret}`)],
    ['a client secret in a form', (r) => r.form(`client_secret=${secret}`)],
    ['an assertion', (r) => r.form(`assertion=${secret}&client_assertion=${secret}`)],
    ['tokens in JSON', (r) => r.body(JSON.stringify({ a: [{ access_token: secret }] }), true)],
    ['a user code in JSON', (r) => r.body(JSON.stringify({ user_code: secret }), true)],
    ['a token in an MCP result', (r) => r.body(JSON.stringify({ result: { id_token: secret } }), false)],
  ] as [string, (redaction: ReturnType<typeof createRedaction>) => string][])(
    'holds no secret: %s',
    (_, show) => {
      const shown = show(createRedaction())
      expect(shown).not.toContain(secret)
      expect(shown).not.toBe('')
    },
  )

  it('tells secrets apart and the same one again, in one trace only', () => {
    const [one, other] = [createRedaction(), createRedaction()]
    const shown = one.form(`code=${secret}`)
    expect(one.url(`https://a.example/?code=${secret}`)).toContain(shown.slice('code='.length))
    expect(one.form('code=another-secret-of-theirs')).not.toBe(shown)
    expect(other.form(`code=${secret}`)).not.toBe(shown)
  })

  it('holds no secret that a server repeats where nobody expects it', () => {
    const redaction = createRedaction()
    redaction.form(`refresh_token=${encodeURIComponent('a+secret/with=signs')}`)
    expect(redaction.body('Sorry, a+secret/with=signs is unknown', false)).not.toContain('a+secret')
    expect(redaction.header('x-debug', 'a%2Bsecret%2Fwith%3Dsigns')).not.toContain('a%2Bsecret')
  })

  it('keeps the words of the MCP server itself', () => {
    const body = JSON.stringify({ code: 'a-code-of-its-own', state: 'completed-work' })
    expect(createRedaction().body(body, false)).toBe(JSON.stringify(JSON.parse(body), undefined, 2))
  })

  it('keeps what is no secret readable', () => {
    const shown = createRedaction().url(
      'https://a.example/authorize?scope=read+write&resource=https%3A%2F%2Fm.example%2Fmcp',
    )
    expect(shown).toBe('https://a.example/authorize?scope=read write&resource=https://m.example/mcp')
  })
})
