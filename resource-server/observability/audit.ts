import type { Logger } from '../../runtime/logger.ts'
import { createRecordLimit, kindOf429, type RecordLimit } from '../../runtime/record-limit.ts'
import { extraOf } from '../auth/auth-info.ts'
import type { Decision } from '../auth/gate.ts'
import type { Message } from '../auth/json-rpc.ts'
import type { RemedyFor } from './remedy.ts'
import { reasonOf, targetOf } from './target.ts'
import { traceIdOf } from './trace-context.ts'

/** The longest word from outside that a record holds, in characters. */
const maxLength = 200

/**
 * Makes the audit trail: who asked for what through which client, and whether it was allowed. One record for each
 * message that was allowed, and one for each request that was refused; of requests that were too many, one for each
 * network and minute. Records are JSON on one line, whatever the words in them.
 * @param remedyFor says what the operator can change
 */
export function createAudit(
  logger: Logger,
  remedyFor: RemedyFor,
  limit: RecordLimit = createRecordLimit(),
): (decision: Decision) => void {
  return (decision) => {
    const { denial, address, messages } = decision
    if (!denial) {
      for (const message of messages) logger.info(recordOf(decision, message), 'decision')
      return
    }
    const tooMany = denial.kind === 'rate_limited' || denial.kind === 'too_many_streams'
    const admitted = tooMany ? limit.admit(kindOf429(address)) : {}
    if (!admitted) return
    const remedy = remedyFor(decision)
    const record = {
      ...recordOf(decision, messages[0]),
      ...(messages.length > 1 && { messages: messages.length }),
      ...(denial.kind === 'insufficient_scope' && { needed: denial.needed }),
      ...(remedy !== undefined && { remedy }),
      ...admitted,
    }
    if (denial.kind === 'unavailable')
      logger.error({ ...record, err: denial.cause }, 'a token cannot be checked')
    else logger.info(record, 'decision')
  }
}

function recordOf(decision: Decision, message: Message | undefined): object {
  const { authInfo, denial, address, request } = decision
  const caller = authInfo && { ...extraOf(authInfo), client: authInfo.clientId }
  const { method, tool } = targetOf(message)
  const traceId = traceIdOf(request, message)
  return {
    event: 'decision',
    outcome: denial ? 'refused' : 'allowed',
    reason: reasonOf(decision),
    method: method.slice(0, maxLength),
    ...(tool !== undefined && { tool: tool.slice(0, maxLength) }),
    ...(caller && { iss: caller.issuer, sub: caller.subject, client_id: caller.client }),
    address,
    ...(traceId !== undefined && { trace_id: traceId }),
  }
}
