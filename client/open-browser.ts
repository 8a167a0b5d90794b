import { spawn } from 'node:child_process'
import { requireSecureUrl } from './secure-fetch.ts'

/** Where the program runs: `process.platform` and `process.env`. */
export interface System {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A launcher that has found no browser ends by then with another code than 0, in milliseconds. */
const launchMs = 1000

/** What only this program needs: a browser lives on, and hands its environment to helpers and crash reports. */
const secret = /SECRET|PASSPHRASE|PASSWORD|TOKEN|_KEYS?$/

/** Windows' `start` is a shell built-in that splits at `&`: rundll32 takes the URL as it is. */
const launchers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/**
 * Opens the system's browser. The URL is an argument of its own and no shell ever sees it.
 * @returns false when there is no browser to open: the user then follows the printed URL
 * @throws ClientFailure when the URL is neither https nor http on this machine
 */
export async function openBrowser(url: URL, { platform, env }: System): Promise<boolean> {
  const [command, ...args] = launchers[platform] ?? ['xdg-open']
  const { href } = requireSecureUrl(url.href, 'authorization endpoint')
  const started = Promise.withResolvers<boolean>()
  const child = spawn(command, [...args, href], { env: withoutSecrets(env), stdio: 'ignore', detached: true })
  child.once('error', () => started.resolve(false))
  child.once('exit', (code) => started.resolve(code === 0))
  const timer = setTimeout(() => started.resolve(true), launchMs)
  child.unref()
  return await started.promise.finally(() => clearTimeout(timer))
}

function withoutSecrets(env: System['env']): System['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)))
}
