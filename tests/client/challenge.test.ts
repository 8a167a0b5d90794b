import { describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../client/challenge.ts'

const answer = (header?: string) =>
  new Response('body', { status: 401, ...(header && { headers: { 'www-authenticate': header } }) })

describe('parseChallenge', () => {
  it('reads the parameters of a Bearer challenge', async () => {
    const header =
      'Bearer error="insufficient_scope", error_description="more", scope="read write", resource_metadata="https://mcp.example/.well-known/oauth-protected-resource"'
    expect(await parseChallenge(answer(header))).toEqual({
      error: 'insufficient_scope',
      description: 'more',
      scopes: ['read', 'write'],
      resourceMetadata: 'https://mcp.example/.well-known/oauth-protected-resource',
    })
  })

  it('finds the Bearer challenge among others, whatever is quoted in them', async () => {
    const header = 'Basic realm="a \\"Bearer scope=x\\"", DPoP algs="ES256", Bearer scope="read"'
    expect(await parseChallenge(answer(header))).toEqual({ scopes: ['read'] })
  })

  it.each([undefined, 'Basic realm="x"', '"', 'Bearer"'])('finds none in %s', async (header) => {
    expect(await parseChallenge(answer(header))).toBeUndefined()
  })

  it('leaves the body to be read', async () => {
    const response = answer('Bearer scope="read"')
    await parseChallenge(response)
    expect(await response.text()).toBe('body')
  })
})
