import { afterEach, describe, expect, it } from '@jest/globals'
import { clientCredentialsGrant } from 'openid-client'
import { createConfiguration } from '../../client/client-authentication.ts'
import { createSecureFetch } from '../../client/secure-fetch.ts'
import { createStandIns } from '../support/stand-in.ts'

const standIns = createStandIns()
afterEach(standIns.stop)

const basic = 'Basic YSUzQWNsaWVudDpzJTI2Y3JldA=='

describe('createConfiguration', () => {
  it.each([
    [undefined, undefined, basic, undefined],
    [['client_secret_basic', 'client_secret_post'], undefined, basic, undefined],
    [['client_secret_post'], undefined, undefined, 's&cret'],
    [['client_secret_basic'], 'client_secret_post', undefined, 's&cret'],
    [['client_secret_post'], 'client_secret_basic', basic, undefined],
    [['client_secret_basic'], 'none', undefined, undefined],
  ])(
    'authenticates as the server lists, or as was registered: %p, %p',
    async (methods, authMethod, header, field) => {
      const { origin, to } = await standIns.start(() => ({
        '/token': { body: { access_token: 'a', token_type: 'bearer' } },
      }))
      const server = {
        issuer: origin,
        token_endpoint: `${origin}/token`,
        ...(methods && { token_endpoint_auth_methods_supported: methods }),
      }
      const client = { clientId: 'a:client', clientSecret: 's&cret', authMethod }
      await clientCredentialsGrant(createConfiguration(server, client, createSecureFetch(origin)))
      const [request] = to('/token')
      expect(request?.headers.authorization).toBe(header)
      expect(request?.fields.get('client_secret') ?? undefined).toBe(field)
    },
  )
})
