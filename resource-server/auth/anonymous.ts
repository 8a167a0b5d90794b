import type { Message } from './json-rpc.ts'

/** What may be asked without a token. */
const requests: ReadonlySet<unknown> = new Set(['server/discover', 'initialize', 'ping', 'tools/list'])

/** The notifications of MCP's clients: they may come without a token, and no others reach a handler. */
export const clientNotifications: ReadonlySet<unknown> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

/** What an anonymous stream may be told about: that lists changed. Anything else needs a token. */
const listChanges: ReadonlySet<string> = new Set([
  'toolsListChanged',
  'promptsListChanged',
  'resourcesListChanged',
])

/**
 * True when the message may go on without a token. A call of a tool that is listed may: whether that tool is public
 * is judged by its own scopes, right before it runs.
 * @param knownTools the tools that an anonymous caller gets to see; a call of any other needs a token
 */
export function allowsAnonymous(message: Message, knownTools: ReadonlySet<unknown>): boolean {
  if (requests.has(message.method)) return true
  if (message.method === 'tools/call') return knownTools.has(message.params?.name)
  if (isListen(message)) return watchesListsOnly(message)
  return message.id === undefined && clientNotifications.has(message.method)
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
