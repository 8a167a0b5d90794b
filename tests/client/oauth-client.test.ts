import { expect, it } from '@jest/globals'
import { clientCredentials } from '../../client/grants/client-credentials.ts'
import { createOAuthClient } from '../../client/oauth-client.ts'
import { createMemoryTokenStore } from '../../client/token-store.ts'

it('loads the grant again after it could not be loaded', async () => {
  let loads = 0
  const client = createOAuthClient({
    resource: 'http://127.0.0.1:1/mcp',
    store: createMemoryTokenStore(),
    grant: async () => {
      loads += 1
      if (loads === 1) throw new Error('The grant is not there yet.')
      return clientCredentials()
    },
  })
  await expect(client.signOut()).rejects.toThrow('not there yet')
  expect(await client.signOut()).toBe('nothing')
})
