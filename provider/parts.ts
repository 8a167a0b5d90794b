import type { Middleware } from 'koa'
import type { Config } from '../config/index.ts'
import type { AddressOf } from '../runtime/address-of.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Connections } from './account/connections.ts'
import type { LastUses } from './account/last-uses.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { PasswordQueue } from './accounts/password-queue.ts'
import type { LoginLimits } from './interactions/login-limits.ts'
import type { Audit } from './observability/audit.ts'
import type { Metrics } from './observability/metrics.ts'
import type { Storage } from './storage/storage.ts'
import type { UnusedClients } from './unused-clients.ts'

/** What the server is made of. Made once: all of it outlives a change of keys. */
export interface Parts {
  readonly config: Config
  readonly logger: Logger
  readonly accounts: Accounts
  readonly loginLimits: LoginLimits
  /** Bounds how many passwords are judged at once, and how long one waits. */
  readonly passwordQueue: PasswordQueue
  readonly storage: Storage
  /** What every account has allowed. */
  readonly connections: Connections
  readonly lastUses: LastUses
  /** Fetches client metadata documents. */
  readonly fetch: typeof globalThis.fetch
  /** Writes down what matters for security. */
  readonly audit: Audit
  /** Where a request comes from, as `addressOf(ctx.req)`. `ctx.ip` may be a proxy's address. */
  readonly addressOf: AddressOf
  readonly metrics: Metrics
  /** Bounds what arrives of bodies. */
  readonly boundedBodies: Middleware
  /** The registered clients that have not been used yet. */
  readonly unusedClients: UnusedClients
  /** Refuses an address that asks too often. */
  readonly requestLimits: Middleware
}
