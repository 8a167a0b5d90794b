import { type Client, InsufficientScopeError } from '@modelcontextprotocol/client'
import { missingScopes, parseScope } from '../../client/scopes.ts'
import type { SignedInClient } from './sign-in-client.ts'

/** Nobody, and the test accounts. */
export const callers = ['nobody', 'alice', 'bob', 'admin'] as const

/** One of {@link callers}. */
export type Caller = (typeof callers)[number]

interface Row {
  readonly args: Readonly<Record<string, string>>
  /** What comes back: `ok`, `sign in`, or `lacks` and the scope that is missing. */
  readonly outcome: Readonly<Record<Caller, string>>
}

const everybodySignedIn = { nobody: 'sign in', alice: 'ok', bob: 'ok', admin: 'ok' } as const

/** The contract: each tool, whichever authorization server there is. */
export const accessMatrix: Readonly<Record<string, Row>> = {
  public_info: { args: {}, outcome: { nobody: 'ok', alice: 'ok', bob: 'ok', admin: 'ok' } },
  get_user_profile: { args: {}, outcome: everybodySignedIn },
  list_available_resources: { args: {}, outcome: everybodySignedIn },
  read_data: { args: { resource_id: 'doc1' }, outcome: everybodySignedIn },
  write_data: {
    args: { resource_id: 'matrix', content: 'x' },
    outcome: { nobody: 'sign in', alice: 'ok', bob: 'lacks write', admin: 'ok' },
  },
  admin_operation: {
    args: { operation: 'system_status' },
    outcome: { nobody: 'sign in', alice: 'lacks admin', bob: 'lacks admin', admin: 'ok' },
  },
}

/**
 * Calls one of the tools as the matrix has it, and says how it went in the matrix's words.
 * @param session of that client
 */
export async function outcomeOf(client: SignedInClient, session: Client, tool: string): Promise<string> {
  const before = client.signIns()
  try {
    const { isError } = await session.callTool({ name: tool, arguments: { ...accessMatrix[tool]?.args } })
    return isError ? 'tool error' : 'ok'
  } catch (error) {
    if (error instanceof InsufficientScopeError) {
      const held = (await client.authorization.tokens())?.scopes ?? []
      const missing = missingScopes(held, parseScope(error.requiredScope ?? '')).join(' ')
      const [, described] = /needs the scope (.*), which/.exec(error.errorDescription ?? '') ?? []
      return `lacks ${missing || described}`
    }
    if (client.signIns() > before) return 'sign in'
    throw error
  }
}
