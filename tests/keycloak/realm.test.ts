import { expect, it } from '@jest/globals'
import { loadConfig } from '../../config/index.ts'
import { loadRealm } from '../../keycloak/realm.ts'

it('the realm has the audience, the secret and the client of the settings', async () => {
  const resource = 'http://localhost:8123/mcp'
  const env = { ISSUER: 'http://localhost:8080/realms/gatehouse', RESOURCE: resource, CLIENT_ID: 'my-client' }
  const config = loadConfig({ ...env, RESOURCE_CLIENT_SECRET: 'a secret of this test' }, 'resource-server')
  const text = JSON.stringify(await loadRealm(config))
  expect(text.split(JSON.stringify(resource)).length - 1).toBe(4)
  for (const said of ['"my-client"', '"a secret of this test"']) expect(text).toContain(said)
  for (const unsaid of ['localhost:8000', 'development-secret', 'test-client'])
    expect(text).not.toContain(unsaid)
})
