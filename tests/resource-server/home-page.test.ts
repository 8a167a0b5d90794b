import { afterAll, describe, expect, it } from '@jest/globals'
import { parse } from 'node-html-parser'
import { homePage } from '../../resource-server/home-page.ts'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { startResourceServer } from '../support/start-resource-server.ts'

const issuer = await startIssuer()
const server = await startResourceServer({ issuer: issuer.issuer })
const response = await fetch(`${server.origin}/`)
const page = parse(await response.text())
afterAll(async () => {
  await server.stop()
  await issuer.stop()
})

describe('the page at the root', () => {
  it('says where to connect and who signs users in', () => {
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const codes = page.querySelectorAll('code').map(({ text }) => text)
    expect(codes).toContain(server.resource)
    const links = page.querySelectorAll('a').map((link) => link.getAttribute('href'))
    expect(links).toContain(issuer.issuer)
    expect(links).toContain(`${server.origin}/.well-known/oauth-protected-resource/mcp`)
  })

  it('lists every tool with what it needs', () => {
    const rows = page
      .querySelectorAll('li')
      .map((row) => [row.querySelector('code')?.text, row.querySelector('.tag')?.text])
    expect(rows).toEqual([
      ['public_info', 'needs nothing'],
      ['get_user_profile', 'needs any valid token'],
      ['list_available_resources', 'needs any valid token'],
      ['read_data', 'needs read'],
      ['write_data', 'needs write'],
      ['admin_operation', 'needs admin'],
    ])
  })

  it('names the test accounts in development only', () => {
    const hidden = homePage(
      { resource: server.resource, issuer: issuer.issuer, development: false },
      { metadataUrl: server.origin, tools: [] },
    )
    expect(page.text).toContain('password123')
    expect(hidden).not.toContain('password123')
  })

  it('10: is neither framed nor sniffed, runs nothing and loads nothing', () => {
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('x-frame-options')).toBe('DENY')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.querySelectorAll('script, img, iframe')).toHaveLength(0)
  })
})

it('10: sends the same headers with a page that does not exist', async () => {
  const missing = await fetch(`${server.origin}/no/such/page`)
  expect(missing.status).toBe(404)
  expect(missing.headers.get('content-security-policy')).toContain("default-src 'none'")
})

it('11: writes what it is given as text', () => {
  const hostile = '"><script>alert(1)</script>'
  const tools = [{ name: hostile, title: hostile, access: { scopes: [hostile] } }]
  const html = homePage(
    { resource: hostile, issuer: hostile, development: false },
    { metadataUrl: hostile, tools },
  )
  expect(html).not.toContain('<script')
})
