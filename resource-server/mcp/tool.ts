import type { McpServer, StandardSchemaWithJSON, ToolAnnotations } from '@modelcontextprotocol/server'
import { type Access, guard } from '../access.ts'
import type { Caller } from './caller.ts'
import type { Documents } from './documents.ts'
import { memoized } from './memoized-schema.ts'
import type { Principals } from './principals.ts'
import type { ServerStatus } from './server-status.ts'

/** What tools work with. */
export interface ToolContext {
  readonly documents: Documents
  readonly principals: Principals
  readonly status: () => ServerStatus
  readonly issuer: string
  readonly resource: string
}

/** Something the caller did wrong, said to the caller: it becomes a tool result with `isError`. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
}

/** A tool and who may call it. */
export interface ToolDefinition<Input, Output extends object, Rule extends Access> {
  readonly name: string
  readonly title: string
  readonly description: string
  /** Stands beside the tool, and nowhere else. */
  readonly access: Rule
  readonly annotations: ToolAnnotations
  readonly inputSchema: StandardSchemaWithJSON<unknown, Input>
  readonly outputSchema: StandardSchemaWithJSON<unknown, Output>
  /**
   * @param caller absent only for a public tool's anonymous caller
   * @throws ToolError for what the caller should read
   */
  run(input: Input, caller: Rule extends 'public' ? Caller | undefined : Caller, context: ToolContext): Output
}

/** A tool as the server registers it. */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly access: Access
  register(server: McpServer, caller: Caller | undefined, context: ToolContext): void
}

/** Makes a tool of its definition. A tool without an access rule does not compile. */
export function defineTool<Input, Output extends object, const Rule extends Access>(
  definition: ToolDefinition<Input, Output, Rule>,
): Tool {
  const { name, title, description, access, annotations, run } = definition
  const config = {
    title,
    description,
    annotations,
    inputSchema: memoized(definition.inputSchema),
    outputSchema: memoized(definition.outputSchema),
    ...guard(access),
  }
  return {
    name,
    title,
    description,
    access,
    register(server, caller, context) {
      server.registerTool(name, config, (input: Input) => {
        // The gate and the scope check come first; should both ever fail, this does not.
        if (access !== 'public' && !caller) throw new ToolError('Sign in first: this needs an access token.')
        const output = run(input, caller as Rule extends 'public' ? Caller | undefined : Caller, context)
        return {
          content: [{ type: 'text' as const, text: JSON.stringify(output) }],
          structuredContent: output as Record<string, unknown>,
        }
      })
    },
  }
}
