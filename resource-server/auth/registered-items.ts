import type { McpServer } from '@modelcontextprotocol/server'

/** A tool, resource, resource template or prompt, as the SDK keeps it. */
export interface Item {
  readonly scopeChallenge?: unknown
}

interface Template extends Item {
  resourceTemplate: {
    readonly uriTemplate: { match(uri: string): unknown; toString(): string }
    readonly listCallback?: (context: never) => unknown
  }
}

/** What a server has registered, alive: what is added later shows here. */
export interface Registries {
  readonly tools: Readonly<Record<string, Item>>
  /** By URI. */
  readonly resources: Readonly<Record<string, Item>>
  readonly templates: Readonly<Record<string, Template>>
  readonly prompts: Readonly<Record<string, Item>>
  /** By request method. */
  readonly handlers: Map<string, unknown>
  readonly notificationHandlers: Map<string, unknown>
  /** The protocol layer below. */
  readonly server: McpServer['server']
}

/**
 * Reads the registries of a server. The SDK has no public way to ask for them, so their names are checked: with a
 * version that has others nothing is served, rather than served without a check.
 * @throws TypeError when they are not where they are expected
 */
export function registriesOf(mcpServer: McpServer): Registries {
  const records = mcpServer as unknown as Record<string, unknown>
  const { server } = mcpServer
  const maps = server as unknown as Record<string, unknown>
  const record = (name: string) => {
    const value = records[name]
    if (typeof value === 'object' && value !== null) return value as never
    throw unknownVersion(name)
  }
  const map = (name: string) => {
    const value = maps[name]
    if (value instanceof Map) return value
    throw unknownVersion(name)
  }
  return {
    tools: record('_registeredTools'),
    resources: record('_registeredResources'),
    templates: record('_registeredResourceTemplates'),
    prompts: record('_registeredPrompts'),
    handlers: map('_requestHandlers'),
    notificationHandlers: map('_notificationHandlers'),
    server,
  }
}

function unknownVersion(name: string): TypeError {
  return new TypeError(
    `This version of @modelcontextprotocol/server has no ${name}, so scopes cannot be enforced. ` +
      'Install the version that this package names as its dependency.',
  )
}

/** What a request asks for. `item` is undefined when the server has no such thing. */
export interface Target {
  readonly kind: string
  readonly name: string
  readonly item: Item | undefined
}

/** Finds what a request asks for, by the same rules as the SDK, so that what is judged is what runs. */
export function itemOf(
  registries: Registries,
  method: string,
  params: Readonly<Record<string, unknown>>,
): Target {
  switch (method) {
    case 'tools/call':
      return named('tool', registries.tools, params.name)
    case 'prompts/get':
      return named('prompt', registries.prompts, params.name)
    case 'completion/complete':
      return completed(registries, params.ref)
    default:
      return resource(registries, params.uri)
  }
}

function named(kind: string, items: Readonly<Record<string, Item>>, name: unknown): Target {
  const key = String(name)
  return { kind, name: key, item: Object.hasOwn(items, key) ? items[key] : undefined }
}

function resource({ resources, templates }: Registries, value: unknown): Target {
  const name = String(value)
  // As the SDK compares them: `DOC:///a` and `doc:///a` are one resource.
  const uri = URL.parse(name)?.toString()
  const target = { kind: 'resource', name }
  if (uri === undefined) return { ...target, item: undefined }
  if (Object.hasOwn(resources, uri)) return { ...target, item: resources[uri] }
  const item = Object.values(templates).find(({ resourceTemplate }) =>
    resourceTemplate.uriTemplate.match(uri),
  )
  return { ...target, item }
}

function completed({ resources, templates, prompts }: Registries, ref: unknown): Target {
  const { type, name, uri } = (ref ?? {}) as Readonly<Record<string, unknown>>
  if (type === 'ref/prompt') return named('prompt', prompts, name)
  const template = Object.values(templates).find(
    ({ resourceTemplate }) => resourceTemplate.uriTemplate.toString() === uri,
  )
  return template
    ? { kind: 'resource template', name: String(uri), item: template }
    : named('resource template', resources, uri)
}
