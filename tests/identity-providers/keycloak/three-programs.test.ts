import { describe, expect, it } from '@jest/globals'
import type { Page } from 'playwright-core'
import { startProgram } from '../../support/programs.ts'
import { describeThreePrograms, readVariables } from '../three-programs.ts'
import { harness, issuer, resource } from './keycloak.ts'

const docs = 'README.md'

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  await page.locator('#kc-login').click()
}

describeThreePrograms({
  title: 'Keycloak',
  harness,
  docs,
  env: { RESOURCE: resource, CLIENT_ID: '' },
  async allow(page) {
    await signIn(page, 'alice', 'password123')
    await page.locator('[name=cancel]').waitFor()
    const text = await page.locator('body').textContent()
    for (const said of ['MCP client', 'Read documents', 'Write documents']) expect(text).toContain(said)
    await page.locator('#kc-login').click()
  },
  async deny(page) {
    await signIn(page, 'bob', 'secret456')
    await page.locator('[name=cancel]').click()
  },
  // The page named admin, too: Keycloak cuts by roles after consent.
  granted: ['offline_access', 'read', 'write'],
  loggedOut: 'revoked',
  whoami: /^username +alice$/m,
})

describe('the README’s commands for Keycloak', () => {
  it('set ISSUER and nothing else', async () => {
    for (const program of ['mcp', 'client']) {
      expect(Object.keys(await readVariables(docs, program))).toEqual(['ISSUER'])
    }
  })

  it('are known to do everything by npm run idp:check before anyone signs in', async () => {
    const env = { ISSUER: issuer, RESOURCE: resource }
    const { stdout } = await startProgram('resource-server/idp-check/main.ts', env, ['--json']).ended
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
  })
})
