/** What an administrator sees of the running server. */
export interface ServerStatus {
  readonly uptimeSeconds: number
  /** How access tokens are validated. */
  readonly tokenValidation: string
  /** Requests whose token was judged from the cache. */
  readonly cacheHits: number
  /** Questions asked of the authorization server. */
  readonly introspections: number
  /** Requests refused for want of a token, of a good one, or of a scope. */
  readonly refusals: number
}
