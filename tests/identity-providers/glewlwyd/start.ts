import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { testAccounts } from '../../../config/index.ts'
import type { StartedIdentityProvider, StartOptions } from '../identity-provider.ts'
import { runPageScript } from '../run-page-script.ts'
import { type RunningProcess, runProcess } from '../run-process.ts'
import { program, writeServerFiles } from './server-files.ts'
import { openSession } from './session.ts'

/** Starts Debian's Glewlwyd, set up by the script of its page. */
export async function startIdentityProvider(options: StartOptions): Promise<StartedIdentityProvider> {
  const { resource, folder, findPort, env, tell, signal } = options
  if (!existsSync(program)) {
    throw new Error(`There is no Glewlwyd at ${program}. Debian and Ubuntu have it, and the tests start their own:
  apt-get install --no-install-recommends glewlwyd`)
  }
  const [port, redirectPort] = [await findPort(), await findPort()]
  const origin = `http://localhost:${port}`
  const secret = randomBytes(24).toString('base64url')
  const operator = { username: 'operator', password: randomBytes(12).toString('base64url') }
  const config = await writeServerFiles(folder, port)
  let running: RunningProcess | undefined

  async function start(): Promise<void> {
    const args = ['--config-file', config]
    running = await runProcess({ command: program, args, env, readyUrl: `${origin}/config`, signal })
    tell(`Glewlwyd is up: ${origin}`)
  }

  await start()
  const stop = async () => await running?.stop()
  try {
    await runPageScript('docs/identity-providers/glewlwyd.md', {
      ...env,
      GLEWLWYD: origin,
      ADMIN_PASSWORD: 'password',
      RESOURCE: resource,
      RESOURCE_CLIENT_SECRET: secret,
      REDIRECT_PORT: String(redirectPort),
    })
    await createPeople(origin, operator)
  } catch (error) {
    await stop()
    throw error
  }
  return { facts: { origin, secret, redirectPort, operator }, start, stop }
}

/** `admin` is an account of the tests, too: the administrator gets another name. */
async function createPeople(
  origin: string,
  operator: { readonly username: string; readonly password: string },
): Promise<void> {
  const builtIn = await openSession(origin, 'admin', 'password')
  await builtIn.request('POST', 'user/', { ...operator, enabled: true, scope: ['g_admin'] })
  const session = await openSession(origin, operator.username, operator.password)
  for (const { username, password, name, scopes } of testAccounts) {
    const user = { username, password, name, enabled: true, scope: ['openid', ...scopes] }
    if (username === 'admin') await session.request('PUT', 'user/admin', user)
    else await session.request('POST', 'user/', user)
  }
}
