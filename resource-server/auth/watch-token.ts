import type { TokenVerifier } from './verdict.ts'

/** A token that is looked at again and again. */
export interface TokenWatch {
  /** Aborts when the token is refused. */
  readonly signal: AbortSignal
  stop(): void
}

/**
 * Looks at a token again while something that it opened goes on. While the issuer cannot be asked nothing is known,
 * and what is open stays open.
 * @param everyMs milliseconds
 */
export function watchToken(verifier: TokenVerifier, token: string, everyMs: number): TokenWatch {
  const refused = new AbortController()
  const timer = setInterval(async () => {
    const verdict = await verifier.verify(token).catch(() => undefined)
    if (verdict?.refusal) refused.abort()
  }, everyMs)
  timer.unref()
  return { signal: refused.signal, stop: () => clearInterval(timer) }
}
