import { expect } from '@jest/globals'
import { describeAccessMatrix } from '../access-matrix.ts'
import { harness } from './glewlwyd.ts'

const profile = { sub: expect.stringMatching(/^\w{32}$/), username: 'alice' }

describeAccessMatrix({
  name: 'glewlwyd',
  title: 'Glewlwyd',
  harness,
  besides: [],
  cases: [
    { mode: 'introspection', profile },
    { mode: 'jwt', env: { TOKEN_VALIDATION: 'jwt' }, profile },
  ],
})
