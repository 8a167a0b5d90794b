import { parse } from 'node-html-parser'
import { testAccounts } from '../../../config/index.ts'

/**
 * Gets somebody through a stand-in's login form and back to the client.
 * @throws Error with what the page says, when it does not send them back
 */
export async function signInAtStandIn(url: URL, username: string): Promise<void> {
  const first = await fetch(url, { redirect: 'manual' })
  const query = parse(await first.text())
    .querySelector('input[name=query]')
    ?.getAttribute('value')
  const password = testAccounts.find((account) => account.username === username)?.password ?? ''
  const last =
    query === undefined
      ? await fetch(url, { redirect: 'manual' })
      : await fetch(new URL(url.pathname, url), {
          method: 'POST',
          body: new URLSearchParams({ query, username, password }),
          redirect: 'manual',
        })
  const callback = last.headers.get('location')
  if (callback === null) throw new Error(await last.text())
  await fetch(callback)
}
