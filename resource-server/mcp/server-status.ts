/** What an administrator sees of the running server. */
export interface ServerStatus {
  readonly uptimeSeconds: number
  /** How access tokens are validated. */
  readonly tokenValidation: string
  /** Requests whose token was judged from the cache. */
  readonly cacheHits: number
  /** Questions asked of the authorization server. */
  readonly introspections: number
  /** Requests that the gate did not let through, for whatever reason. */
  readonly refusals: number
}
