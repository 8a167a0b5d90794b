import type { Page } from 'playwright-core'
import { describeThreePrograms } from '../three-programs.ts'
import { harness, introspectionEndpoint } from './hydra.ts'

async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.locator('[name=username]').fill(username)
  await page.locator('[name=password]').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

describeThreePrograms({
  title: 'Ory Hydra',
  harness,
  docs: 'docs/identity-providers/hydra.md',
  values: { INTROSPECTION_ENDPOINT: introspectionEndpoint },
  async allow(page) {
    await signIn(page, 'alice', 'password123')
    await page.getByRole('button', { name: 'Allow' }).click()
  },
  async deny(page) {
    await signIn(page, 'bob', 'secret456')
    await page.getByRole('button', { name: 'Deny' }).click()
  },
  granted: ['offline_access', 'read', 'write'],
  loggedOut: 'revoked',
  whoami: /^sub +alice$/m,
})
