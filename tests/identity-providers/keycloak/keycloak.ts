import { testAccounts } from '../../../config/index.ts'
import { browse } from '../../../demo/form-browser.ts'
import { type AdminApi, createAdminApi } from '../../../keycloak/admin-api.ts'
import { createHarness, readFacts } from '../harness.ts'

const facts = readFacts<{
  readonly origin: string
  readonly admin: { readonly username: string; readonly password: string }
}>('keycloak')

export const adminApi: AdminApi = createAdminApi(facts.origin, facts.admin)

/** Gets somebody through Keycloak's pages, by submitting their forms over HTTP. */
export async function signInAt(url: URL, username: string): Promise<void> {
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  await browse(url, { username, password }, () => {})
}

export const harness = createHarness({ ...facts, issuer: `${facts.origin}/realms/gatehouse`, signInAt })

export const {
  issuer,
  mcpPort,
  resource,
  createClient,
  obtainToken,
  startMcp,
  startSibling,
  control: controlKeycloak,
} = harness
