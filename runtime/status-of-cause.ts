/**
 * The status of the HTTP answer that caused an error, for servers that refuse with a status and nothing else. The
 * OAuth libraries keep the answer as the error's `cause`. Its class is not always the global `Response`, which
 * frameworks replace, so it is known by what it has.
 * @returns undefined when the cause is no answer
 */
export function statusOfCause(error: unknown): number | undefined {
  const { cause } = Object(error) as { readonly cause?: unknown }
  const { status } = Object(cause) as { readonly status?: unknown }
  return typeof status === 'number' ? status : undefined
}
