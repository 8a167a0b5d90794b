import { testAccounts } from '../../../config/index.ts'
import { browse } from '../../../demo/form-browser.ts'
import { createHarness, readFacts } from '../harness.ts'

const facts = readFacts<{ readonly origin: string; readonly admin: string }>('hydra')

/** Where Hydra introspects, and everything else that nobody but its operator may do. */
export const { admin } = facts
export const introspectionEndpoint = `${admin}/admin/oauth2/introspect`

/** Gets somebody through the login and consent pages, by submitting their forms over HTTP. */
export async function signInAt(url: URL, username: string): Promise<void> {
  await callbackOf(url, username)
}

/** The same. @returns where the browser came to in the end */
export async function callbackOf(url: URL, username: string): Promise<URL> {
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  let last = url
  await browse(url, { username, password }, (event) => {
    if (event.kind === 'redirect') last = event.url
  })
  return last
}

export const harness = createHarness({
  ...facts,
  issuer: facts.origin,
  idp: 'hydra',
  env: { INTROSPECTION_ENDPOINT: introspectionEndpoint },
  signInAt,
})

export const { issuer, mcpPort, resource, createClient, obtainToken, startMcp, startSibling, control } =
  harness
