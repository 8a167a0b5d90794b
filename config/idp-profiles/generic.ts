import type { IdpProfile } from './profile.ts'

/** Any other identity provider: what its metadata says is believed, and nothing else is assumed. */
export const generic: IdpProfile = {
  name: 'generic',
  title: 'another identity provider',
  proof: { by: 'documentation', date: '2026-11-27' },
  deviations: [],
}
