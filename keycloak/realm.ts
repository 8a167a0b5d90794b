import { readFile } from 'node:fs/promises'
import type { Config } from '../config/index.ts'
import { type AdminApi, AdminApiError } from './admin-api.ts'

/** A realm as Keycloak imports it. */
export type Realm = Readonly<Record<string, unknown>> & { readonly realm: string }

/** What the realm file says where the settings may say otherwise. */
const inFile = {
  resource: 'http://localhost:8000/mcp',
  secret: 'mcp-server-development-secret',
  clientId: 'test-client',
}

/** Our realm file, with the names and the secret of the settings in it. */
export async function loadRealm({
  resourceClient,
  client,
}: Pick<Config, 'resourceClient' | 'client'>): Promise<Realm> {
  const file = new URL('../config/idp-profiles/keycloak/realm.json', import.meta.url)
  const replacements = new Map([
    [inFile.resource, resourceClient.id],
    [inFile.secret, resourceClient.secret ?? inFile.secret],
    [inFile.clientId, client.id],
  ])
  return JSON.parse(await readFile(file, 'utf8'), (_, value) => replacements.get(value) ?? value)
}

/** Creates the realm, unless there is one of that name. */
export async function importRealm(admin: AdminApi, realm: Realm): Promise<'imported' | 'there already'> {
  try {
    await admin.request('POST', '', realm)
    return 'imported'
  } catch (error) {
    if (error instanceof AdminApiError && error.status === 409) return 'there already'
    throw error
  }
}
