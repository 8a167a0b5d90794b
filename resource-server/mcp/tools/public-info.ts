import { z } from 'zod'
import { resourceScopes } from '../../../config/index.ts'
import { defineTool } from '../tool.ts'

/** Tells anyone what this server is and how to get in. */
export const publicInfo = defineTool({
  name: 'public_info',
  title: 'About this server',
  description: 'What this server is, who signs users in for it, and what each scope permits. Needs no token.',
  access: 'public',
  annotations: { readOnlyHint: true, openWorldHint: false },
  inputSchema: z.object({}),
  outputSchema: z.object({
    name: z.string(),
    resource: z.string().describe('The RFC 8707 resource that access tokens are for'),
    authorization_server: z.string().describe('The issuer of access tokens'),
    scopes: z.record(z.string(), z.string()).describe('What each scope permits'),
  }),
  run: (_, __, { issuer, resource }) => ({
    name: 'Gatehouse document server',
    resource,
    authorization_server: issuer,
    scopes: Object.fromEntries(
      Object.entries(resourceScopes).map(([scope, { description }]) => [scope, description]),
    ),
  }),
})
