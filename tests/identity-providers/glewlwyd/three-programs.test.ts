import { describeThreePrograms } from '../three-programs.ts'
import { forgetGrants, harness, redirectPort, secret } from './glewlwyd.ts'

describeThreePrograms({
  title: 'Glewlwyd',
  harness,
  docs: 'docs/identity-providers/glewlwyd.md',
  values: { RESOURCE_CLIENT_SECRET: secret, REDIRECT_PORT: String(redirectPort) },
  async allow(page) {
    await forgetGrants('alice') // with grants of other tests nothing would be asked
    // The page draws its form anew when all of it has come.
    await page.waitForLoadState('networkidle')
    await page.locator('#username').fill('alice')
    await page.locator('#password').fill('password123')
    await page.locator('#password').press('Enter')
    // What she cannot have is not offered.
    await page.getByLabel('Read documents').check()
    await page.getByLabel('Write documents').check()
    await page.getByRole('button', { name: 'Grant access' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
  },
  granted: ['read', 'write'],
  loggedOut: 'lets this client revoke nothing',
  whoami: /^username +alice$/m,
})
