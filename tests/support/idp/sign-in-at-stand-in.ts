import { parse } from 'node-html-parser'
import { testAccounts } from '../../../config/index.ts'

/**
 * Gets somebody through a stand-in's login form and back to the client.
 * @param spoil changes what the browser brings back
 * @throws Error with what the page says, when it does not send them back
 */
export async function signInAtStandIn(
  url: URL,
  username: string,
  spoil: (callback: URL) => void = () => {},
): Promise<void> {
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
  const location = last.headers.get('location')
  if (location === null) throw new Error(await last.text())
  const callback = new URL(location)
  spoil(callback)
  await fetch(callback)
}
