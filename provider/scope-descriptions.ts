import { resourceScopes, type ScopeDescription } from '../config/index.ts'
import { lifetimes } from './lifetimes.ts'

/** Every scope that a user can grant, in the words and in the order in which people should see them. */
export const scopeDescriptions = {
  ...resourceScopes,
  openid: { title: 'Know who you are', description: 'See your user name.' },
  offline_access: {
    title: 'Stay connected',
    description: `Keep this access while you are away, until it lies unused for ${lifetimes.refreshTokenIdle / 86_400} days.`,
  },
} as const satisfies Record<string, ScopeDescription>

/** The name of a scope that a user can grant. */
export type GrantableScope = keyof typeof scopeDescriptions

/** The names of all of them, in order. */
export const grantableScopes = Object.keys(scopeDescriptions) as readonly GrantableScope[]

/** The scopes that are OpenID's, not the resource's. */
export const openidScopes = ['openid', 'offline_access'] as const
