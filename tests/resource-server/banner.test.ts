import { afterEach, expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { loadBanner } from '../../resource-server/banner.ts'
import type { ProtectedMcp } from '../../resource-server/protect.ts'
import { authorizationServerMetadata, createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(() => standIns.stop())

it('the issuer cannot write to the terminal what moves the cursor or colours it', async () => {
  const { origin } = await standIns.start((own) => ({
    '/.well-known/oauth-authorization-server': {
      body: { ...authorizationServerMetadata(own), jwks_uri: `${own}/\u001b[2Jjwks` },
    },
  }))
  const env = { ISSUER: origin, IDP: 'generic' }
  const mcp = { validation: async () => ({ mode: 'jwt', reason: 'so' }) } as unknown as ProtectedMcp
  const banner = await loadBanner(loadConfig(env, 'resource-server'), mcp, env, 1000)
  expect(banner).toContain('→ see what')
  expect(banner).not.toContain('\u001b')
})
