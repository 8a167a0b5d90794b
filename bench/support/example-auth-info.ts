import type { AuthInfo } from '@modelcontextprotocol/server'
import { createAuthInfo } from '../../resource-server/auth/auth-info.ts'

/** What a validated token of alice's, with the scope read and an hour to live, comes to. */
export function exampleAuthInfo(
  token: string,
  { issuer, resource }: { readonly issuer: string; readonly resource: string },
): AuthInfo {
  const alice = { issuer, subject: 'alice', username: 'alice', clientId: 'test-client' }
  const subject = {
    ...alice,
    scopes: ['read'],
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    keyThumbprint: undefined,
  }
  return createAuthInfo(token, subject, resource)
}
