import { z } from 'zod'
import { defineTool, type ToolContext, ToolError } from '../tool.ts'

const principal = z.object({
  iss: z.string(),
  sub: z.string(),
  username: z.string().optional(),
  clients: z.array(z.string()),
  first_seen: z.string(),
  last_seen: z.string(),
  requests: z.number(),
})

const status = z.object({
  uptime_seconds: z.number(),
  token_validation: z.string(),
  cache_hits: z.number(),
  introspections: z.number(),
  refusals: z.number(),
})

/** What an administrator can ask for: the operation's name and its answer. */
const operations = {
  system_status: (context: ToolContext) => {
    const { uptimeSeconds, tokenValidation, cacheHits, introspections, refusals } = context.status()
    return {
      status: {
        uptime_seconds: uptimeSeconds,
        token_validation: tokenValidation,
        cache_hits: cacheHits,
        introspections,
        refusals,
      },
    }
  },
  list_users: ({ principals }: ToolContext) => ({
    users: principals.list().map(({ issuer, subject, firstSeen, lastSeen, ...rest }) => ({
      iss: issuer,
      sub: subject,
      first_seen: firstSeen,
      last_seen: lastSeen,
      ...rest,
      clients: [...rest.clients],
    })),
  }),
} satisfies Record<string, (context: ToolContext) => object>

const names = Object.keys(operations)

/** Runs an administrator's operation. */
export const adminOperation = defineTool({
  name: 'admin_operation',
  title: 'Administer the server',
  description:
    'system_status: uptime, how tokens are validated, and counters. ' +
    'list_users: who has called with a valid token since the start.',
  access: { scopes: ['admin'] },
  annotations: { readOnlyHint: true, openWorldHint: false },
  inputSchema: z.object({ operation: z.string().describe(`One of ${names.join(', ')}`) }),
  outputSchema: z.object({
    operation: z.string(),
    status: status.optional(),
    users: z.array(principal).optional(),
  }),
  run: ({ operation }, _, context) => {
    if (!Object.hasOwn(operations, operation)) {
      throw new ToolError(`There is no operation "${operation}". There are: ${names.join(', ')}.`)
    }
    return { operation, ...operations[operation as keyof typeof operations](context) }
  },
})
