import type { Logger } from '../../runtime/logger.ts'
import { extraOf } from '../auth/auth-info.ts'
import type { Decision } from '../auth/gate.ts'
import type { RemedyFor } from './remedy.ts'
import { reasonOf, targetOf } from './target.ts'
import { traceIdOf } from './trace-context.ts'

/** The longest word from outside that a record holds, in characters. */
const maxLength = 200

/**
 * Makes the audit trail: one record for each message of a decision, saying who asked for what through which client,
 * and whether it was allowed. Records are JSON on one line, whatever the words in them.
 * @param remedyFor says what the operator can change
 */
export function createAudit(logger: Logger, remedyFor: RemedyFor): (decision: Decision) => void {
  return (decision) => {
    const { authInfo, denial, address, request, messages } = decision
    const caller = authInfo && { ...extraOf(authInfo), client: authInfo.clientId }
    const remedy = remedyFor(decision)
    const advice = remedy === undefined ? {} : { remedy }
    for (const message of messages.length > 0 ? messages : [undefined]) {
      const { method, tool } = targetOf(message)
      const traceId = traceIdOf(request, message)
      logger.info(
        {
          event: 'decision',
          outcome: denial ? 'refused' : 'allowed',
          reason: reasonOf(decision),
          method: method.slice(0, maxLength),
          ...(tool !== undefined && { tool: tool.slice(0, maxLength) }),
          ...(caller && { iss: caller.issuer, sub: caller.subject, client_id: caller.client }),
          ...(denial?.kind === 'insufficient_scope' && { needed: denial.needed }),
          ...advice,
          address,
          ...(traceId !== undefined && { trace_id: traceId }),
        },
        'decision',
      )
    }
    if (denial?.kind === 'unavailable')
      logger.error({ err: denial.cause, ...advice }, 'a token cannot be checked')
  }
}
