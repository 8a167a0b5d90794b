import {
  type AuthInfo,
  type McpRequestContext,
  McpServer,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server'
import { type Access, accessOf, permits } from '../access.ts'
import { clientNotifications } from './anonymous.ts'
import { type Item, itemOf, type Registries, registriesOf, type Target } from './registered-items.ts'

/** A server has something that does not say who may use it. */
export class UnguardedToolError extends Error {
  override readonly name = 'UnguardedToolError'
  /** @param items each with its kind, for example `tool forgotten` */
  constructor(items: readonly string[]) {
    super(
      `The server does not say who may use ${items.join(', ')}. Spread ...publicAccess(), ...anyToken('…') or ` +
        "...scopes('…') into the configuration of each registerTool, registerResource and registerPrompt; " +
        'for a request method of your own, name its guard in the option methods.',
    )
  }
}

/** Options of {@link guardServers}. */
export interface GuardedServerOptions {
  /** The guards of request methods that MCP does not have, by method. Any other of these is refused. */
  readonly methods?: Readonly<Record<string, { readonly scopeChallenge?: unknown }>>
  /** Told when something without a guard was asked for, and refused. */
  readonly onerror?: (error: Error) => void
}

/** Requests that need no guard. The gate says who may send them. The lists of templates are guarded one by one. */
const unguardedMethods: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'logging/setLevel',
])

type Handler = (request: Request, context: Context) => unknown
interface Request {
  readonly params?: Readonly<Record<string, unknown>>
}
interface Context {
  readonly http?: { readonly authInfo?: AuthInfo }
}

/**
 * Makes servers of a factory run only what has a guard and only for those whom the guard lets in: judged for each
 * request right before the handler, on the item that will run, so that nothing that is registered late, by hand or for
 * some callers only can pass. What has no guard is refused for all callers.
 * @throws TypeError (the factory that is returned) when the server is no `McpServer`, or of a version that is not known
 */
export function guardServers(
  factory: McpServerFactory,
  options: GuardedServerOptions = {},
): (context: McpRequestContext) => Promise<McpServer> {
  return async (context) => {
    const server = await factory(context)
    if (!(server instanceof McpServer)) {
      throw new TypeError(
        'Only McpServer checks the scopes of its tools: the factory must return one, not a Server',
      )
    }
    guardHandlers(registriesOf(server), options)
    return server
  }
}

/**
 * Makes one server as an anonymous caller gets it, and sees that everything in it has a guard.
 * @returns the names of its tools: what a caller without a token may ask for, as far as their guards let it
 * @throws UnguardedToolError
 */
export async function assertGuarded(
  factory: McpServerFactory,
  url: string,
  options: GuardedServerOptions = {},
): Promise<ReadonlySet<unknown>> {
  const unguarded: string[] = []
  let tools: ReadonlySet<unknown> = new Set()
  const inspected: McpServerFactory = async (context) => {
    const server = await factory(context)
    if (server instanceof McpServer) {
      const registries = registriesOf(server)
      tools = new Set(Object.keys(registries.tools))
      unguarded.push(...unguardedItems(registries, options))
    }
    return server
  }
  const requestInfo = new Request(url, { method: 'POST' })
  const server = await guardServers(inspected, options)({ era: 'modern', requestInfo })
  await server.close()
  if (unguarded.length > 0) throw new UnguardedToolError(unguarded)
  return tools
}

function unguardedItems(registries: Registries, { methods = {} }: GuardedServerOptions): string[] {
  const { tools, resources, templates, prompts, handlers, server } = registries
  const kinds = { tool: tools, resource: resources, 'resource template': templates, prompt: prompts }
  const items = Object.entries(kinds).flatMap(([kind, registered]) =>
    Object.entries(registered)
      .filter(([, item]) => accessOf(item) === undefined)
      .map(([name]) => `${kind} ${name}`),
  )
  const custom = [...handlers.keys()].filter((method) => !isKnown(method) && !ownGuard(methods, method))
  const fallback = server.fallbackRequestHandler ? ['the fallback request handler'] : []
  return [...items, ...custom.map((method) => `method ${method}`), ...fallback]
}

function isKnown(method: string): boolean {
  return unguardedMethods.has(method) || itemMethods.has(method)
}

/** Requests for an item, which its guard judges. */
const itemMethods: ReadonlySet<string> = new Set([
  'tools/call',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/get',
  'completion/complete',
])

function guardHandlers(registries: Registries, options: GuardedServerOptions): void {
  const { handlers, notificationHandlers, server } = registries
  if (Object.hasOwn(handlers, 'set')) return // a factory may hand out the same server again
  const guarded = (method: string, handler: Handler) => guardHandler(registries, { method, handler, options })
  for (const [method, handler] of handlers) handlers.set(method, guarded(method, handler as Handler))
  // A handler that is set later goes the same way.
  handlers.set = (method, handler) =>
    Map.prototype.set.call(handlers, method, guarded(method, handler as Handler)) as typeof handlers
  for (const method of notificationHandlers.keys()) {
    if (!clientNotifications.has(method)) notificationHandlers.delete(method)
  }
  notificationHandlers.set = (method, handler) =>
    (clientNotifications.has(method)
      ? Map.prototype.set.call(notificationHandlers, method, handler)
      : notificationHandlers) as typeof notificationHandlers
  for (const name of ['fallbackRequestHandler', 'fallbackNotificationHandler'] as const) {
    Object.defineProperty(server, name, { value: undefined, writable: false })
  }
}

function guardHandler(
  registries: Registries,
  { method, handler, options }: { method: string; handler: Handler; options: GuardedServerOptions },
): Handler {
  if (method === 'resources/list') {
    return (request, context) => {
      guardTemplateLists(registries.templates)
      return handler(request, context)
    }
  }
  if (unguardedMethods.has(method)) return handler
  return (request, context) => {
    const target = isKnown(method) ? itemOf(registries, method, request.params ?? {}) : methodTarget()
    if (target.item === undefined) throw notFound(target)
    const access = accessOf(target.item)
    if (access === undefined) throw unguarded(target)
    if (permits(access, context.http?.authInfo)) return handler(request, context)
    // What may not be read is not completed either; hosts ask while their user types, so it is no error.
    if (method === 'completion/complete') return { completion: { values: [], hasMore: false } }
    throw new ProtocolError(ProtocolErrorCode.InvalidRequest, needed(access, target))
  }

  function methodTarget(): Target {
    return { kind: 'method', name: method, item: ownGuard(options.methods ?? {}, method) ?? ({} as Item) }
  }

  function unguarded({ kind, name }: Target): ProtocolError {
    options.onerror?.(new UnguardedToolError([`${kind} ${name}`]))
    return new ProtocolError(
      ProtocolErrorCode.InternalError,
      `Refused: the server does not say who may use the ${kind}.`,
    )
  }
}

/**
 * The SDK runs the list callback of each template for all who list resources: here it lists nothing for those whom the
 * template's guard does not let in, and for no caller when it has none.
 */
function guardTemplateLists(templates: Registries['templates']): void {
  for (const item of Object.values(templates)) {
    const { resourceTemplate } = item
    const list = resourceTemplate.listCallback
    if (!list || Object.hasOwn(resourceTemplate, 'listCallback')) continue
    const listCallback = (context: Context): unknown => {
      const access = accessOf(item)
      return access && permits(access, context.http?.authInfo) ? list(context as never) : { resources: [] }
    }
    // A factory may register one template object again and again: it is not changed itself.
    item.resourceTemplate = Object.create(resourceTemplate, { listCallback: { value: listCallback } })
  }
}

function ownGuard<T>(methods: Readonly<Record<string, T>>, method: string): T | undefined {
  return Object.hasOwn(methods, method) ? methods[method] : undefined
}

function notFound({ kind, name }: Target): Error {
  if (kind === 'resource') return new ResourceNotFoundError(name)
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `${capitalized(kind)} ${name} not found`)
}

function needed(access: Access, { kind, name }: Target): string {
  const what =
    access !== 'public' && access.scopes.length > 0
      ? `the scope ${access.scopes.join(' ')}`
      : 'an access token'
  return `${capitalized(kind)} ${name} needs ${what}.`
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
