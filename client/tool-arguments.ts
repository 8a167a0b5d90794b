import type { JsonSchemaType, Tool } from '@modelcontextprotocol/client'
import { printableLine } from '../runtime/printable.ts'
import { ClientFailure, exitStatus } from './failure.ts'
import { schemaValidator } from './schema-validator.ts'

/** A tool's arguments, as typed. */
export interface TypedArguments {
  /** `key=value` each. */
  readonly words?: readonly string[]
  /** A JSON object that the words are put over. */
  readonly argsJson?: string
}

/**
 * Turns what was typed into a tool's arguments: `key=value` words get the types that its input schema names, and all
 * of it must fit the schema (JSON Schema 2020-12).
 * @throws ClientFailure saying what does not fit, and how the tool is called
 */
export function parseToolArguments(
  { words = [], argsJson }: TypedArguments,
  tool: Tool,
): Record<string, unknown> {
  const properties = tool.inputSchema.properties ?? {}
  const entries = words.map((word): [string, unknown] => {
    const [key, value] = splitWord(word)
    if (!Object.hasOwn(properties, key)) throw refuse(tool, `has no argument ${key}`)
    return [key, parseValue(value, typesOf(properties[key]), () => refuse(tool, `cannot use ${word}`))]
  })
  if (entries.length > new Set(entries.map(([key]) => key)).size)
    throw refuse(tool, 'was given an argument twice')
  const given = { ...parseObject(argsJson), ...Object.fromEntries(entries) }
  const missing = (tool.inputSchema.required ?? []).filter((key) => !Object.hasOwn(given, key))
  if (missing.length > 0) throw refuse(tool, `needs ${missing.join(', ')}`)
  requireFit(given, tool)
  return given
}

function parseObject(argsJson: string | undefined): Record<string, unknown> {
  if (argsJson === undefined) return {}
  const parsed = parseJson(argsJson)
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed }
  throw new ClientFailure('--args-json takes one JSON object.', {
    status: exitStatus.usage,
    hint: `For example: --args-json '{"resource_id":"doc1"}'`,
  })
}

function requireFit(given: Record<string, unknown>, tool: Tool): void {
  const judge = schemaValidator.getValidator(tool.inputSchema as JsonSchemaType)
  const { valid, errorMessage } = judge(given)
  if (!valid) throw refuse(tool, `cannot use these arguments: ${withoutPointers(errorMessage)}`)
}

/** `#/id: Wrong.` → `id: Wrong`; that what holds it is wrong as well goes without saying. */
function withoutPointers(errorMessage: string): string {
  const reasons = errorMessage.split('; ').map((reason) => reason.replace(/^#\/?/, '').replace(/\.$/, ''))
  const innermost = reasons.filter((reason) => !reason.endsWith('does not match schema'))
  return (innermost.length > 0 ? innermost : reasons).join('; ')
}

function splitWord(word: string): [string, string] {
  const at = word.indexOf('=')
  if (at > 0) return [word.slice(0, at), word.slice(at + 1)]
  throw new ClientFailure(`${word} is not an argument of the form key=value.`, {
    status: exitStatus.usage,
    hint: 'Put quotes around values with blanks: content="two words"',
  })
}

/** The JSON Schema types of a property; none named means anything goes. */
function typesOf(schema: unknown): readonly unknown[] {
  const type = typeof schema === 'object' && schema !== null && 'type' in schema ? schema.type : undefined
  return type === undefined ? [] : [type].flat()
}

function parseValue(value: string, types: readonly unknown[], refusal: () => ClientFailure): unknown {
  if (types.length === 0 || types.includes('string')) return value
  const parsed = parseJson(value)
  const isOfType: Record<string, boolean> = {
    number: typeof parsed === 'number',
    integer: Number.isInteger(parsed),
    boolean: typeof parsed === 'boolean',
    null: parsed === null,
    array: Array.isArray(parsed),
    object: typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed),
  }
  if (types.some((type) => isOfType[String(type)])) return parsed
  throw refusal()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refuse(tool: Tool, problem: string): ClientFailure {
  const properties = Object.entries(tool.inputSchema.properties ?? {})
  const required = tool.inputSchema.required ?? []
  const usage = properties.map(([key, schema]) => {
    const word = `${key}=<${typesOf(schema).join('|') || 'value'}>`
    return required.includes(key) ? word : `[${word}]`
  })
  return new ClientFailure(printableLine(`${tool.name} ${problem}.`), {
    status: exitStatus.usage,
    hint: printableLine(`Usage: npm run client -- call ${[tool.name, ...usage].join(' ')}`),
  })
}
