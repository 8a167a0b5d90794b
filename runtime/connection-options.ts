/** Options of openRedis and of openPostgres. */
export interface ConnectionOptions {
  /** How long one answer may take before the store counts as lost, in milliseconds. */
  readonly timeoutMs: number
  /** Told about lost connections; they are opened again. */
  readonly onerror: (error: Error) => void
}
