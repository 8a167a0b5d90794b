import { genericGrantRequest } from 'openid-client'
import type { Discovery } from '../discovery.ts'
import { resourceParameter } from '../issuer-rules.ts'
import type { Fetch } from '../secure-fetch.ts'
import { type Grant, scopeParameter } from './grant.ts'

/** Where assertions come from. */
export interface JwtBearerOptions {
  /**
   * Brings a fresh assertion whose audience is `discovery.issuer`, such as the token that a platform gives
   * its workloads: read the file anew each time, because it is renewed.
   */
  readonly assertion: (request: AssertionRequest) => Promise<string>
}

/** What an assertion is needed for. */
export interface AssertionRequest {
  readonly discovery: Discovery
  readonly scopes: readonly string[]
  readonly fetch: Fetch
}

/**
 * Somebody whom the authorization server trusts vouches for the client or its user (RFC 7523 §2.1): workload
 * identity federation. A refusal is final: it is neither repeated nor answered with another grant.
 */
export function jwtBearer({ assertion }: JwtBearerOptions): Grant {
  return {
    interactive: false,
    async obtain({ discovery, scopes, connect, fetch }) {
      const parameters = {
        assertion: await assertion({ discovery, scopes, fetch }),
        ...resourceParameter(discovery),
        ...scopeParameter(scopes),
      }
      const { configuration, options } = await connect()
      return await genericGrantRequest(configuration, grantType, parameters, options)
    },
  }
}

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
