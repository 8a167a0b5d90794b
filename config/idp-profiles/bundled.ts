import type { IdpProfile } from './profile.ts'

/** The provider of this project: it follows the rules, so nothing has to be said. */
export const bundled: IdpProfile = {
  name: 'bundled',
  title: 'Gatehouse provider',
  issuer: /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/,
  proof: { by: 'live', date: '2026-11-27' },
  deviations: [],
}
