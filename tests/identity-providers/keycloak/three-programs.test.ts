import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../../support/browser.ts'
import { type ClientHome, makeClientHome, printedUrl } from '../../support/client-process.ts'
import { killPrograms, type Program, startProgram } from '../../support/programs.ts'
import { issuer, mcpPort, resource } from './keycloak.ts'

const readme = await readFile('README.md', 'utf8')

/** What the README has people type before `npm run` NAME, where it speaks of Keycloak. */
function variablesFor(name: string): Readonly<Record<string, string>> {
  const line = readme
    .split('\n')
    .find((text) => text.includes('/realms/') && text.endsWith(`npm run ${name}`))
  if (line === undefined) throw new Error(`The README does not say how to run ${name} with Keycloak.`)
  const words = line.split(' npm run ')[0]?.trim().split(' ') ?? []
  const variables = Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2)))
  return { ...variables, ...(variables.ISSUER && { ISSUER: issuer }) }
}

let mcp: Program
let browser: Browser
let page: Page
let home: ClientHome
beforeAll(async () => {
  // Of what follows only the port is the test's own: 8000 may be taken, and the client must know where to go.
  mcp = startProgram('resource-server/main.ts', { ...variablesFor('mcp'), PORT: String(mcpPort) })
  home = await makeClientHome({ ...variablesFor('client'), CLIENT_ID: '', RESOURCE: resource })
  browser = await launchBrowser()
  page = await browser.newPage()
  await mcp.wrote(/Ctrl-C stops it/)
}, 120_000)
afterAll(async () => {
  killPrograms()
  await browser.close()
  await home.remove()
})

describe('the README’s commands for Keycloak', () => {
  it('set ISSUER and nothing else', () => {
    expect(Object.keys(variablesFor('mcp'))).toEqual(['ISSUER'])
    expect(Object.keys(variablesFor('client'))).toEqual(['ISSUER'])
  })

  it('start an MCP server that says what it found', () => {
    expect(mcp.output.stdout).toContain(
      `issuer      ${issuer}\n  profile     keycloak (Keycloak: proven live`,
    )
    expect(mcp.output.stdout).not.toContain('problem')
    expect(mcp.output.stdout).toContain('validation  introspection: the issuer offers it')
    expect(mcp.output.stdout).toContain(`audience    ${resource}`)
  })

  it('are known to work by npm run idp:check before anyone signs in', async () => {
    const env = { ...variablesFor('mcp'), RESOURCE: resource }
    const { code, stdout } = await startProgram('resource-server/idp-check/main.ts', env, ['--json']).ended
    const { abilities, findings } = JSON.parse(stdout)
    expect(abilities.map(({ name, works }: { name: string; works: unknown }) => [name, works])).toEqual([
      ['login', true],
      ['introspection', true],
      ['jwt', true],
      ['refresh', true],
      ['revocation', true],
      ['step-up', true],
    ])
    expect(findings).toContainEqual(
      expect.objectContaining({ about: 'programs', found: expect.stringContaining('closed') }),
    )
    expect(code).toBe(0)
  })

  it('sign alice in with a real browser, through Keycloak’s login and consent pages, and call tools', async () => {
    const login = home.run('login')
    await page.goto(await printedUrl(login))
    await page.locator('#username').fill('alice')
    await page.locator('#password').fill('password123')
    await page.locator('#kc-login').click()
    await page.locator('[name=cancel]').waitFor()
    const text = await page.locator('body').textContent()
    for (const said of ['MCP client', 'Read documents', 'Write documents']) expect(text).toContain(said)
    await page.locator('#kc-login').click()
    await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
    expect(await login.ended).toMatchObject({ code: 0 })
    // The page named admin, too: Keycloak cuts by roles after consent.
    const [, granted = ''] = /Granted: (.*)\./.exec(login.output.stderr) ?? []
    expect(granted.split(' ').sort()).toEqual(['offline_access', 'read', 'write'])

    const whoami = await home.run('whoami').ended
    expect(whoami).toMatchObject({ code: 0, stdout: expect.stringMatching(/^username +alice$/m) })
    expect(await home.run('call', 'read_data', 'resource_id=doc1').ended).toMatchObject({ code: 0 })
    expect(await home.run('logout').ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('revoked'),
    })
  }, 120_000)

  it('tell somebody who cancels that access was denied', async () => {
    const login = home.run('login')
    await page.context().clearCookies()
    await page.goto(await printedUrl(login))
    await page.locator('#username').fill('bob')
    await page.locator('#password').fill('secret456')
    await page.locator('#kc-login').click()
    await page.locator('[name=cancel]').click()
    const { code, stderr } = await login.ended
    expect(code).toBe(3)
    expect(stderr).toContain('access_denied')
  }, 120_000)
})
