import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { StartedIdentityProvider, StartOptions } from '../identity-provider.ts'
import { runPageScript } from '../run-page-script.ts'
import { type RunningProcess, runProcess } from '../run-process.ts'
import { findHydra } from './find-hydra.ts'
import { startLoginAndConsent } from './login-and-consent.ts'

const run = promisify(execFile)

/** Starts Hydra with SQLite, our login and consent pages in front of it, set up by the script of its page. */
export async function startIdentityProvider(options: StartOptions): Promise<StartedIdentityProvider> {
  const { resource, folder, findPort, env, tell, signal } = options
  const program = await findHydra(options)
  const [publicPort, adminPort, pagesPort] = [await findPort(), await findPort(), await findPort()]
  const [origin, admin] = [`http://localhost:${publicPort}`, `http://127.0.0.1:${adminPort}`]
  const config = join(folder, 'hydra.json')
  await writeFile(config, JSON.stringify(configuration(folder, { publicPort, adminPort, pagesPort })))
  await run(program, ['migrate', 'sql', '--read-from-env', '--yes', '--config', config], { env, signal })
  let running: RunningProcess | undefined

  async function start(): Promise<void> {
    const startedAt = performance.now()
    const args = ['serve', 'all', '--dev', '--sqa-opt-out', '--config', config]
    running = await runProcess({ command: program, args, env, readyUrl: `${admin}/health/ready`, signal })
    tell(`Hydra is up: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }

  await start()
  await makeKeys(origin, signal)
  const pages = await startLoginAndConsent(admin, pagesPort)
  const end = async () => {
    await pages.stop()
    await running?.stop()
  }
  try {
    await createOpenidClient(admin, resource)
    await runPageScript('docs/identity-providers/hydra.md', {
      ...env,
      PATH: `${dirname(program)}${delimiter}${env.PATH ?? ''}`,
      HYDRA_ADMIN: admin,
      RESOURCE: resource,
    })
  } catch (error) {
    await end()
    throw error
  }
  return { facts: { origin, admin }, start, stop: async () => await running?.stop(), end }
}

/** Hydra makes its RSA keys when it is first asked for them, which takes seconds: more than anybody waits for a key set. */
async function makeKeys(origin: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${origin}/.well-known/jwks.json`, { signal })
  if (!response.ok) throw new Error(`Hydra, its keys: HTTP ${response.status} ${await response.text()}`)
  await response.body?.cancel()
}

/** One that may ask for ID tokens, which the page has no use for. */
async function createOpenidClient(admin: string, resource: string): Promise<void> {
  const client = {
    client_id: 'openid-client',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['http://127.0.0.1/callback'],
    scope: 'openid read offline_access',
    audience: [resource],
  }
  const response = await fetch(`${admin}/admin/clients`, { method: 'POST', body: JSON.stringify(client) })
  if (!response.ok) throw new Error(`Hydra, a client: HTTP ${response.status} ${await response.text()}`)
}

function configuration(folder: string, ports: Readonly<Record<string, number>>): unknown {
  const pages = `http://localhost:${ports.pagesPort}`
  return {
    dsn: `sqlite://${join(folder, 'hydra.db')}?_fk=true`,
    serve: {
      public: { host: '127.0.0.1', port: ports.publicPort },
      admin: { host: '127.0.0.1', port: ports.adminPort },
    },
    urls: {
      self: { issuer: `http://localhost:${ports.publicPort}` },
      login: `${pages}/login`,
      consent: `${pages}/consent`,
    },
    secrets: { system: [randomBytes(24).toString('base64url')] },
    oauth2: { pkce: { enforced_for_public_clients: true } },
    log: { level: 'error' },
  }
}
