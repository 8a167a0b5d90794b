import { expect, it } from '@jest/globals'
import type { SignInStart } from '../../client/authorizer.ts'
import { renderSignIn } from '../../client/render-sign-in.ts'
import { idpSettings } from '../../config/index.ts'

const resource = 'https://mcp.example.com/mcp'

function render(
  issuer: string,
  origin: 'preregistered' | 'dynamic' = 'preregistered',
  width = Infinity,
): string {
  const start = {
    discovery: { resource, resourceIndicator: resource, issuer },
    scopes: ['read', 'write'],
    client: { clientId: 'a\u001b[31mclient', registration: { origin } },
  } as unknown as SignInStart
  return renderSignIn(start, idpSettings(issuer, resource, { name: 'auto' }), width)
}

it('says who is asked, as whom, for what and for which scopes', () => {
  expect(render('https://id.example.com/realms/staff').split('\n').slice(0, 6)).toEqual([
    `  server    ${resource}`,
    '  issuer    https://id.example.com/realms/staff',
    expect.stringMatching(/^ {2}profile {3}keycloak \(Keycloak: proven live, 20\d\d-\d\d-\d\d\)$/),
    '  client    aclient, registered by hand',
    `  audience  resource=${resource}`,
    '  scopes    read write',
  ])
})

it('says what is done otherwise at this identity provider', () => {
  const text = render('https://tenant.auth0.com/', 'dynamic')
  expect(text).toContain('auth0 (Auth0: proven by a stand-in, not live')
  expect(text).toContain('registered by itself')
  expect(text).toContain(`audience  resource=${resource} audience=${resource}`)
  expect(text).toMatch(/note +the API is asked for by `audience`/)
})

it('stays within the width of the terminal', () => {
  const lines = render('https://tenant.auth0.com/', 'dynamic', 80).split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(lines.some((line) => line.startsWith(' '.repeat(12)))).toBe(true)
})
