import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TokenStore } from '../../client/token-store.ts'
import { openTokenStore } from '../../client/vault/open-token-store.ts'
import type { Program } from './programs.ts'
import { startProgram } from './programs.ts'
import { Browser, signIn } from './sign-in.ts'

/** `npm run client` for one person, with a token file of its own. */
export interface ClientHome {
  readonly tokenFile: string
  /** What the file holds. */
  readonly store: TokenStore
  /** Runs one command. */
  run(...args: readonly string[]): Program
  /** The same, with further variables. */
  runWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Program
  remove(): Promise<void>
}

/** Opens the token file of every {@link ClientHome}. */
export const passphrase = 'a passphrase of these tests'

/** The token store of clients that run with XDG_STATE_HOME=`stateHome` and {@link passphrase}. */
export function openTestStore(stateHome: string): TokenStore {
  return openTokenStore({ folder: join(stateHome, 'mcp-gatehouse'), given: passphrase, tell: () => {} })
}

/** @param env for each run, such as RESOURCE */
export async function makeClientHome(env: Readonly<Record<string, string>>): Promise<ClientHome> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-client-'))
  const runWith = (further: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    startProgram(
      'client/main.ts',
      {
        XDG_STATE_HOME: folder,
        XDG_CACHE_HOME: folder,
        CLIENT_ID: 'test-client',
        TOKEN_STORE_PASSPHRASE: passphrase,
        ...env,
        ...further,
      },
      args,
    )
  return {
    tokenFile: join(folder, 'mcp-gatehouse', 'tokens.sealed.json'),
    store: openTestStore(folder),
    run: (...args) => runWith({}, ...args),
    runWith,
    remove: () => rm(folder, { recursive: true }),
  }
}

/** The authorization URL that a client prints. */
export async function printedUrl(client: Program): Promise<string> {
  const [, url = ''] = await client.wrote(/^ {2}(http\S+)$/m)
  return url
}

/** Signs somebody in where a client waits for it, by submitting the forms over HTTP. */
export async function signInAt(client: Program, username: string): Promise<void> {
  await fetch(await signIn(new Browser(), { url: await printedUrl(client) }, username))
}
