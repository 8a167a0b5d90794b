import type { Locator } from 'playwright-core'
import { describeThreePrograms } from '../three-programs.ts'
import { harness, redirectPort, secret } from './glewlwyd.ts'

describeThreePrograms({
  title: 'Glewlwyd',
  harness,
  docs: 'docs/identity-providers/glewlwyd.md',
  values: { RESOURCE_CLIENT_SECRET: secret, REDIRECT_PORT: String(redirectPort) },
  async allow(page) {
    // The page draws its form anew when all of it has come.
    await page.waitForLoadState('networkidle')
    await page.locator('#username').fill('alice')
    await page.locator('#password').fill('password123')
    await page.locator('#password').press('Enter')
    const readDocuments = page.getByLabel('Read documents')
    // Its script sometimes asks for nothing, when the session comes before the scopes: people load the page again.
    await page.getByText('Hello Alice').waitFor()
    while (!(await shows(readDocuments))) await page.reload()
    // What she cannot have is not offered.
    await readDocuments.check()
    await page.getByLabel('Write documents').check()
    await page.getByRole('button', { name: 'Grant access' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
  },
  granted: ['read', 'write'],
  loggedOut: 'lets this client revoke nothing',
  whoami: /^username +alice$/m,
})

/** Whether it comes within some seconds. */
function shows(element: Locator): Promise<boolean> {
  return element.waitFor({ timeout: 5000 }).then(
    () => true,
    () => false,
  )
}
