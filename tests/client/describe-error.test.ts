import { describe, expect, it } from '@jest/globals'
import { InsufficientScopeError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client'
import { ClientError } from 'openid-client'
import { describeError } from '../../client/describe-error.ts'
import { ClientFailure, exitStatus } from '../../client/failure.ts'
import { ConfigError } from '../../config/index.ts'
import { PromptCancelled } from '../../runtime/prompt-secrets.ts'

describe('describeError', () => {
  it('finds our own words however deep the libraries buried them', () => {
    const failure = new ClientFailure('no answer', { status: exitStatus.unreachable, hint: 'start it' })
    const error = new Error('something went wrong', { cause: new Error('negotiation', { cause: failure }) })
    expect(describeError(error)).toMatchObject({ message: 'no answer', hint: 'start it', status: 5 })
  })

  it('ends when causes go in a circle', () => {
    const error = new Error('round')
    error.cause = error
    expect(describeError(error)).toMatchObject({ message: 'Unexpected: round', status: exitStatus.failed })
  })

  it('takes Ctrl-C at a prompt for what it is, and says what else there is at Ctrl-D', () => {
    const buried = (interrupted: boolean) => new Error('no key', { cause: new PromptCancelled(interrupted) })
    expect(describeError(buried(true))).toEqual({ message: 'Interrupted.', status: exitStatus.interrupted })
    expect(describeError(buried(false))).toMatchObject({
      hint: expect.stringContaining('TOKEN_STORE_PASSPHRASE'),
      status: exitStatus.usage,
    })
  })

  it('names the scopes that are missing, and who could have them', () => {
    expect(describeError(new InsufficientScopeError({ requiredScope: 'read admin' }))).toMatchObject({
      message: expect.stringContaining('read admin'),
      hint: expect.stringContaining('logout'),
      status: exitStatus.scope,
    })
  })

  it.each([
    [401, exitStatus.signIn, 'does not accept the token'],
    [400, exitStatus.failed, 'HTTP 400: bad arguments'],
    [503, exitStatus.unreachable, 'HTTP 503: bad arguments'],
  ])('says what the MCP server said with HTTP %p', (status, expected, message) => {
    const text = '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"bad arguments"}}'
    const error = new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, 'Error POSTing', { status, text })
    expect(describeError(error)).toMatchObject({
      message: expect.stringContaining(message),
      status: expected,
    })
  })

  it.each([
    ['exp', { exp: 1000 }, 'ahead of the authorization server’s by 4600 s or more'],
    ['nbf', { nbf: 9200 }, 'behind the authorization server’s by 3600 s or more'],
  ])(
    'says how far this machine’s clock is off when a new token fails at its %s',
    (claim, claims, message) => {
      const code = 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'
      const inner = Object.assign(new Error('unexpected claim', { cause: { now: 5600, claims, claim } }), {
        code,
      })
      expect(describeError(new ClientError('failed', { cause: inner }))).toMatchObject({
        message: expect.stringContaining(message),
        hint: expect.stringContaining('timedatectl'),
        status: exitStatus.signIn,
      })
    },
  )

  it('passes on what is wrong with the environment', () => {
    const error = new ConfigError([{ variable: 'RESOURCE', problem: 'is not an http(s) URL' }])
    expect(describeError(error)).toEqual({ message: error.message, status: exitStatus.usage })
  })

  it.each([['a string'], [undefined], [null]])('copes with a thrown %p', (thrown) => {
    expect(describeError(thrown).status).toBe(exitStatus.failed)
  })
})
