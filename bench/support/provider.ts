import { loadConfig } from '../../config/index.ts'
import { obtainTokens } from '../../tests/support/sign-in.ts'
import { freePort, type Program, startProgram } from './program.ts'

/** This project's provider in a process of its own, and a token of alice's. */
export interface SignedIn {
  readonly provider: Program
  readonly issuer: string
  /** What the token is for. */
  readonly resource: string
  /** Lives for an hour. */
  readonly token: string
}

/** Starts the provider as `npm run provider` does, and signs alice in. */
export async function startProviderAndSignIn(): Promise<SignedIn> {
  const resource = `http://localhost:${await freePort()}/mcp`
  const provider = await startProgram('provider/main.ts', { LOG_LEVEL: 'warn', RESOURCE: resource })
  const issuer = `http://localhost:${provider.port}`
  const config = loadConfig({ ISSUER: issuer, RESOURCE: resource }, 'provider')
  const { status, body } = await obtainTokens({ issuer, config }, 'alice', { scope: 'read write' })
  if (typeof body.access_token !== 'string') throw new Error(`The provider gave no token (${status})`)
  return { provider, issuer, resource, token: body.access_token }
}
