import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Program } from './programs.ts'
import { startProgram } from './programs.ts'
import { Browser, signIn } from './sign-in.ts'

/** `npm run client` for one person, with a token file of its own. */
export interface ClientHome {
  readonly tokenFile: string
  /** Runs one command. */
  run(...args: readonly string[]): Program
  remove(): Promise<void>
}

/** @param env for each run, such as RESOURCE */
export async function makeClientHome(env: Readonly<Record<string, string>>): Promise<ClientHome> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-client-'))
  return {
    tokenFile: join(folder, 'mcp-gatehouse', 'tokens.json'),
    run: (...args) =>
      startProgram('client/main.ts', { XDG_STATE_HOME: folder, CLIENT_ID: 'test-client', ...env }, args),
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
