import { expect } from '@jest/globals'
import { describeAccessMatrix } from '../access-matrix.ts'
import { harness } from './keycloak.ts'

const profile = { sub: expect.stringMatching(/^[0-9a-f-]{36}$/), username: 'alice' }

/** Nothing is set besides ISSUER: Keycloak is recognised by it. */
describeAccessMatrix({
  name: 'keycloak',
  title: 'Keycloak',
  harness,
  besides: ['offline_access'],
  cases: [
    { mode: 'introspection', profile },
    { mode: 'jwt', env: { TOKEN_VALIDATION: 'jwt' }, profile },
  ],
})
