import type { Tool } from '@modelcontextprotocol/client'
import { ClientFailure, exitStatus } from './failure.ts'
import { printableLine } from './printable.ts'

/**
 * Turns `key=value` words into a tool's arguments, with the types that its input schema names.
 * @throws ClientFailure for a word without `=`, a key that the tool does not take, a value of the
 *   wrong type, and a missing argument
 */
export function parseToolArguments(words: readonly string[], tool: Tool): Record<string, unknown> {
  const properties = tool.inputSchema.properties ?? {}
  const entries = words.map((word): [string, unknown] => {
    const [key, value] = splitWord(word)
    if (!Object.hasOwn(properties, key)) throw refuse(tool, `has no argument ${key}`)
    return [key, parseValue(value, typesOf(properties[key]), () => refuse(tool, `cannot use ${word}`))]
  })
  const given = Object.fromEntries(entries)
  if (entries.length > Object.keys(given).length) throw refuse(tool, 'was given an argument twice')
  const missing = (tool.inputSchema.required ?? []).filter((key) => !Object.hasOwn(given, key))
  if (missing.length > 0) throw refuse(tool, `needs ${missing.join(', ')}`)
  return given
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
