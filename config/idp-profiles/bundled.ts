import type { IdpProfile } from './profile.ts'

/** The provider of this project: it follows the rules, so nothing has to be said. */
export const bundled: IdpProfile = {
  name: 'bundled',
  title: 'Gatehouse provider',
  issuer: /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/,
  proof: { by: 'live', date: '2026-11-27' },
  startedBy: 'npm run provider',
  accessTokens: 'opaque',
  listsScopes: true,
  knowsTestClient: true,
  remedies: {
    issuer: 'start npm run provider with the same ISSUER; it must be its public URL',
    audience: 'start npm run provider with RESOURCE={resource}',
    credentials:
      'start npm run provider and npm run mcp with the same RESOURCE_CLIENT_ID and RESOURCE_CLIENT_SECRET',
    client: 'start npm run provider with the same CLIENT_ID, or name the client in the file of CLIENTS',
  },
  deviations: [],
}
