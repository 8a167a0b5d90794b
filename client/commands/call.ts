import { InsufficientScopeError } from '@modelcontextprotocol/client'
import { ClientFailure, type ExitStatus, exitStatus } from '../failure.ts'
import { requestTimeoutMs } from '../mcp-session.ts'
import { printableLine } from '../printable.ts'
import { renderResult } from '../render.ts'
import { missingScopes, parseScope } from '../scopes.ts'
import type { Tokens } from '../tokens.ts'
import { parseToolArguments } from '../tool-arguments.ts'
import type { CommandContext } from './context.ts'

/**
 * Calls a tool. What it returns goes to standard output, what it complains about to standard error.
 * @param words its arguments, `key=value` each
 */
export async function call(
  { client, print, tell }: CommandContext,
  name: string,
  words: readonly string[] = [],
): Promise<ExitStatus> {
  const session = await client.connect()
  try {
    const timeout = requestTimeoutMs
    const { tools } = await session.listTools(undefined, { timeout })
    const tool = tools.find((candidate) => candidate.name === name)
    if (!tool) throw unknownTool(name, tools)
    const result = await session.callTool(
      { name, arguments: parseToolArguments(words, tool) },
      { timeout, toolDefinition: tool },
    )
    const write = result.isError ? tell : print
    write(renderResult(result))
    return result.isError ? exitStatus.failed : exitStatus.ok
  } catch (error) {
    if (!(error instanceof InsufficientScopeError)) throw error
    throw lacking(name, error, await client.authorization.tokens())
  } finally {
    await session.close()
  }
}

/** Who the MCP server takes the user for. */
export async function whoami(context: CommandContext): Promise<ExitStatus> {
  return await call(context, 'get_user_profile')
}

/** The challenge names all scopes that the tool and the token need; the person needs the missing ones. */
function lacking(name: string, cause: InsufficientScopeError, tokens: Tokens | undefined): ClientFailure {
  const missing = missingScopes(tokens?.scopes ?? [], parseScope(cause.requiredScope ?? ''))
  return new ClientFailure(
    `${name} needs the scope ${missing.join(' ')}, and your account was not granted it.`,
    {
      status: exitStatus.scope,
      hint: 'Sign in with an account that has it: npm run client -- logout, then npm run client',
      cause,
    },
  )
}

function unknownTool(name: string, tools: readonly { readonly name: string }[]): ClientFailure {
  return new ClientFailure(printableLine(`The server has no tool ${name}.`), {
    status: exitStatus.usage,
    hint: printableLine(`It has: ${tools.map((tool) => tool.name).join(', ')}`),
  })
}
