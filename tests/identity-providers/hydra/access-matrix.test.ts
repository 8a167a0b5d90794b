import { describeAccessMatrix } from '../access-matrix.ts'
import { harness } from './hydra.ts'

/** The subject is what the login application says: here, the account's identifier. */
describeAccessMatrix({
  name: 'hydra',
  title: 'Ory Hydra',
  harness,
  besides: ['offline_access'],
  cases: [
    { mode: 'introspection', profile: { sub: 'alice' } },
    { mode: 'jwt', env: { TOKEN_VALIDATION: 'jwt' }, clientId: 'test-client-jwt', profile: { sub: 'alice' } },
  ],
})
