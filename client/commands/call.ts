import {
  type CallToolResult,
  type Client,
  InsufficientScopeError,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from '@modelcontextprotocol/client'
import { printableLine } from '../../runtime/printable.ts'
import { ClientFailure, type ExitStatus, exitStatus } from '../failure.ts'
import { requestTimeoutMs } from '../mcp-session.ts'
import { renderJson, renderResult } from '../render.ts'
import { missingScopes, parseScope } from '../scopes.ts'
import type { Tokens } from '../tokens.ts'
import { parseToolArguments } from '../tool-arguments.ts'
import { type CommandContext, withSession } from './context.ts'
import { loadTools } from './tools.ts'

/** A tool and its arguments, as typed. */
export interface CallRequest {
  readonly tool: string
  /** `key=value` each. */
  readonly words?: readonly string[]
  /** A JSON object that the words are put over. */
  readonly argsJson?: string
}

/** Calls a tool. What it returns goes to standard output, what it complains about to standard error. */
export async function call(context: CommandContext, request: CallRequest): Promise<ExitStatus> {
  const { client, json, print, tell } = context
  try {
    const result = await withSession(context, async (session) => await callTool(session, context, request))
    if (json) print(renderJson(result))
    else (result.isError ? tell : print)(renderResult(result))
    return result.isError ? exitStatus.failed : exitStatus.ok
  } catch (error) {
    if (!(error instanceof InsufficientScopeError)) throw error
    throw lacking(request.tool, error, await client.authorization.tokens())
  }
}

/** Who the MCP server takes the user for. */
export async function whoami(context: CommandContext): Promise<ExitStatus> {
  return await call(context, { tool: 'get_user_profile' })
}

/** What was known of the server may be out of date: then it is asked again, once. Nothing has run by then. */
async function callTool(
  session: Client,
  context: CommandContext,
  request: CallRequest,
  remembered = true,
): Promise<CallToolResult> {
  try {
    const tools = await loadTools(session, context, remembered)
    const tool = tools.find(({ name }) => name === request.tool)
    if (!tool) throw unknownTool(request.tool, tools)
    const given = parseToolArguments(request, tool)
    return await session.callTool(
      { name: tool.name, arguments: given },
      { timeout: requestTimeoutMs, toolDefinition: tool },
    )
  } catch (error) {
    if (!remembered || !mayBeOutdated(error)) throw error
    return await callTool(session, context, request, false)
  }
}

function mayBeOutdated(error: unknown): boolean {
  if (error instanceof ClientFailure) return error.status === exitStatus.usage
  const { InvalidParams, MethodNotFound } = ProtocolErrorCode
  return error instanceof ProtocolError && [InvalidParams, MethodNotFound].includes(error.code)
}

/**
 * The challenge names all scopes that the tool and the token need; the person needs the missing ones. Where signing in
 * again brings no others, it names none, and the server's own words say what is missing.
 */
function lacking(name: string, cause: InsufficientScopeError, tokens: Tokens | undefined): ClientFailure {
  const missing = missingScopes(tokens?.scopes ?? [], parseScope(cause.requiredScope ?? ''))
  const message =
    missing.length > 0
      ? `${name} needs the scope ${missing.join(' ')}, and your account was not granted it.`
      : `${name} needs more than your account has. The server says: ${cause.errorDescription ?? 'nothing'}`
  return new ClientFailure(message, {
    status: exitStatus.scope,
    hint: 'Sign in with an account that has it: npm run client -- logout, then npm run client',
    cause,
  })
}

function unknownTool(name: string, tools: readonly Tool[]): ClientFailure {
  return new ClientFailure(printableLine(`The server has no tool ${name}.`), {
    status: exitStatus.usage,
    hint: printableLine(`It has: ${tools.map((tool) => tool.name).join(', ')}`),
  })
}
