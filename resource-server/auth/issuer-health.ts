import { connectionFailure } from '../../runtime/connection-failure.ts'
import { within } from '../../runtime/within.ts'
import type { ChosenVerifier } from './choose-verifier.ts'
import { IssuerDocumentError } from './issuer-metadata.ts'
import { AuthorityUnavailable, CredentialsRefused, type TokenVerifier } from './verdict.ts'

/** Why the issuer cannot be asked about tokens. Holds no token and no secret. */
export interface IssuerProblem {
  readonly reason:
    | 'issuer_unreachable'
    | 'issuer_metadata_unavailable'
    | 'issuer_keys_unavailable'
    | 'issuer_credentials_refused'
  /** One line for people. */
  readonly detail: string
}

/** Knows whether the issuer can be asked. */
export interface IssuerHealth {
  /** The verifier to use: what it finds out about the issuer is remembered. */
  readonly verifier: TokenVerifier
  /** What was last found out. Asks the issuer when that is too long ago, once for all callers. */
  problem(): Promise<IssuerProblem | undefined>
}

/** Options of {@link createIssuerHealth}. */
export interface IssuerHealthOptions {
  /** Told when the issuer can no longer be asked, and with `undefined` when it can again. */
  readonly onChange?: (problem: IssuerProblem | undefined) => void
  /** Monotonic, in milliseconds. */
  readonly now?: () => number
}

/** How long an outcome counts, in milliseconds. */
const goodForMs = 5000
const badForMs = 2000

/** How long a caller waits for news when it could have the last outcome, and how long a probe takes at most. */
const patienceMs = 500
const probeMs = 2500

/** Makes the health of the issuer that a verifier asks: from its traffic, and from probes where there is none. */
export function createIssuerHealth(
  chosen: Pick<ChosenVerifier, 'verify' | 'probe' | 'chosen'>,
  { onChange, now = () => performance.now() }: IssuerHealthOptions = {},
): IssuerHealth {
  let last: { readonly problem: IssuerProblem | undefined; readonly until: number } | undefined
  let probing: Promise<void> | undefined

  function learn(problem: IssuerProblem | undefined): void {
    const before = last?.problem?.reason
    last = { problem, until: now() + (problem ? badForMs : goodForMs) }
    if (before !== problem?.reason) onChange?.(problem)
  }

  async function probe(): Promise<void> {
    try {
      await within(probeMs, chosen.probe())
      learn(undefined)
    } catch (error) {
      learn(describe(error, chosen.chosen?.mode === 'jwt'))
    } finally {
      probing = undefined
    }
  }

  return {
    verifier: {
      async verify(token) {
        try {
          const verdict = await chosen.verify(token)
          // With keys at hand a JWT is judged without the issuer.
          if (chosen.chosen?.mode !== 'jwt') learn(undefined)
          return verdict
        } catch (error) {
          if (error instanceof AuthorityUnavailable) learn(describe(error, chosen.chosen?.mode === 'jwt'))
          throw error
        }
      },
    },
    async problem() {
      if (last && last.until > now()) return last.problem
      probing ??= probe()
      // An issuer that hangs must not make this hang each time: health checks of load balancers wait for a second.
      if (last) await within(patienceMs, probing).catch(() => {})
      else await probing
      return last?.problem
    },
  }
}

function describe(error: unknown, wantsKeys: boolean): IssuerProblem {
  const { message } = error as Error
  if (error instanceof CredentialsRefused) return { reason: 'issuer_credentials_refused', detail: message }
  const { cause } = error as Error
  const [document] = cause instanceof AggregateError ? cause.errors : []
  if (document instanceof IssuerDocumentError) {
    return { reason: 'issuer_metadata_unavailable', detail: document.message }
  }
  const failure = connectionFailure(error, 'http://issuer', 'ISSUER')
  return {
    reason: wantsKeys ? 'issuer_keys_unavailable' : 'issuer_unreachable',
    detail: failure ? `${message} (${failure.reason})` : message,
  }
}
