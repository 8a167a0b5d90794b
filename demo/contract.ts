import type { Matrix } from './report.ts'

/** What every tool must answer to every caller. */
export const contract: Matrix = {
  public_info: { nobody: 'ok', alice: 'ok', bob: 'ok', admin: 'ok' },
  get_user_profile: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
  list_available_resources: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
  read_data: { nobody: '401', alice: 'ok', bob: 'ok', admin: 'ok' },
  write_data: { nobody: '401', alice: 'ok', bob: '403 write', admin: 'ok' },
  admin_operation: { nobody: '401', alice: '403 admin', bob: '403 admin', admin: 'ok' },
}

/** Arguments with which each tool can be called. */
export const toolArguments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  public_info: {},
  get_user_profile: {},
  list_available_resources: {},
  read_data: { resource_id: 'doc1' },
  write_data: { resource_id: 'demo', content: 'Written by the demo.' },
  admin_operation: { operation: 'system_status' },
}

/** Every sign-in asks for all of these, and the provider cuts them to the account's. */
export const askedScopes = ['read', 'write', 'admin']

/** How long the demo's MCP server believes an introspection answer, in seconds. */
export const introspectionCacheSeconds = 1
