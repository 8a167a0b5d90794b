import type { Message } from './json-rpc.ts'

/**
 * What may be asked without a token. `tools/call` is here because public tools exist: whether the called tool
 * is one of them is judged by the tool's own scopes.
 */
const requests: ReadonlySet<unknown> = new Set([
  'server/discover',
  'initialize',
  'ping',
  'tools/list',
  'tools/call',
])

/** What an anonymous stream may be told about: that lists changed. Anything else about documents needs a token. */
const listChanges: ReadonlySet<string> = new Set([
  'toolsListChanged',
  'promptsListChanged',
  'resourcesListChanged',
])

/** True when the message may be handled for a caller without a token. */
export function allowsAnonymous(message: Message): boolean {
  if (requests.has(message.method)) return true
  if (isListen(message)) return watchesListsOnly(message)
  return (
    message.id === undefined && typeof message.method === 'string' && /^notifications\//.test(message.method)
  )
}

/** True for the request that opens a stream of notifications (MCP 2026-07-28). */
export function isListen(message: Message): boolean {
  return message.method === 'subscriptions/listen'
}

function watchesListsOnly({ params }: Message): boolean {
  const filter = params?.notifications
  return (
    typeof filter === 'object' && filter !== null && Object.keys(filter).every((key) => listChanges.has(key))
  )
}
