import type { Decision } from '../auth/gate.ts'
import type { Message } from '../auth/json-rpc.ts'

/** What a message asks for: a tool by its name, anything else by its method. Words from outside, so not a metric's label. */
export function targetOf(message: Message | undefined): { readonly method: string; readonly tool?: string } {
  const method = typeof message?.method === 'string' ? message.method : 'none'
  const name = message?.params?.name
  return method === 'tools/call' && typeof name === 'string' ? { method, tool: name } : { method }
}

/** The reason for a decision, in one word. */
export function reasonOf({ denial }: Decision): string {
  if (!denial) return 'allowed'
  if (denial.kind === 'invalid_token') return denial.refusal.reason
  if (denial.kind === 'dpop_proof') return denial.failure.error
  return denial.kind
}
