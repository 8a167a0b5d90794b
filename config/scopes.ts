/** A scope of the protected resource, in the words that the consent page shows. */
export interface ScopeDescription {
  readonly title: string
  readonly description: string
}

/**
 * The scopes of the MCP server (RFC 6749 §3.3), and what each permits.
 * They are the resource's, not OpenID's: the provider grants them for `RESOURCE` only.
 */
export const resourceScopes = {
  read: { title: 'Read documents', description: 'See the documents and their contents.' },
  write: { title: 'Write documents', description: 'Create documents and replace their contents.' },
  admin: { title: 'Administer the server', description: 'See the state of the server and who has used it.' },
} as const satisfies Record<string, ScopeDescription>

/** `read`, `write` or `admin`. */
export type ResourceScope = keyof typeof resourceScopes

/** The names of the resource's scopes, in the order in which people should see them. */
export const resourceScopeNames = Object.keys(resourceScopes) as readonly ResourceScope[]
