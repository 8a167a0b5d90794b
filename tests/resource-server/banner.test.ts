import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair } from 'jose'
import { loadConfig } from '../../config/index.ts'
import { loadBanner } from '../../resource-server/banner.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'
import { authorizationServerMetadata, createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(async () => {
  killPrograms()
  await standIns.stop()
})

it('the issuer cannot write to the terminal what moves the cursor or colours it', async () => {
  const { origin } = await standIns.start((own) => ({
    '/.well-known/oauth-authorization-server': {
      body: { ...authorizationServerMetadata(own), jwks_uri: `${own}/\u001b[2Jjwks` },
    },
  }))
  const env = { ISSUER: origin, IDP: 'generic' }
  const mcp = { validation: async () => ({ mode: 'jwt', reason: 'so' }) as const }
  const config = loadConfig(env, 'resource-server')
  const banner = await loadBanner(mcp, { config, env, client: config.resourceClient, width: 1000 })
  expect(banner).toContain('→ see what')
  expect(banner).not.toContain('\u001b')
})

it('is said by a server whose key comes through a pipe, which can be read once', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-banner-'))
  const RESOURCE_CLIENT_KEY = join(folder, 'key')
  await promisify(execFile)('mkfifo', [RESOURCE_CLIENT_KEY])
  const env = { ISSUER: 'http://localhost:1', PORT: String(await findFreePort()), RESOURCE_CLIENT_KEY }
  const mcp = startProgram('resource-server/main.ts', env)
  await writeFile(RESOURCE_CLIENT_KEY, JSON.stringify({ ...(await exportJWK(privateKey)), alg: 'ES256' }))
  await mcp.wrote(/Ctrl-C stops it/)
  await rm(folder, { recursive: true })
})
