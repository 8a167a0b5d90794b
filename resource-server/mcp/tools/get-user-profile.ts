import { z } from 'zod'
import { defineTool } from '../tool.ts'

/** Tells callers who they are to this server. */
export const getUserProfile = defineTool({
  name: 'get_user_profile',
  title: 'Who am I',
  description: 'The identity and the scopes of the access token that you call with. Any valid token will do.',
  access: { scopes: [] },
  annotations: { readOnlyHint: true, openWorldHint: false },
  inputSchema: z.object({}),
  outputSchema: z.object({
    iss: z.string(),
    sub: z.string(),
    username: z.string().optional(),
    client_id: z.string(),
    scopes: z.array(z.string()),
    exp: z.number().optional().describe('Unix seconds'),
  }),
  run: (_, caller) => ({
    iss: caller.issuer,
    sub: caller.subject,
    ...(caller.username !== undefined && { username: caller.username }),
    client_id: caller.clientId,
    scopes: [...caller.scopes],
    ...(caller.expiresAt !== undefined && { exp: caller.expiresAt }),
  }),
})
