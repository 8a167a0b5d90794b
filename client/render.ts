import type { CallToolResult, Tool } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { printable, printableLine } from '../runtime/printable.ts'
import { missingScopes } from './scopes.ts'

/** Rows in columns, two spaces apart, without trailing blanks. What is in them must be printable. */
export function renderColumns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return rows.map((row) => `${indent}${line(row).trimEnd()}`).join('\n')
}

const securitySchemes = z.array(
  z.union([
    z.object({ type: z.literal('noauth') }),
    z.object({ type: z.literal('oauth2'), scopes: z.array(z.string()).optional() }),
  ]),
)

/** What a tool asks of its caller, in a few words: `public`, `any account`, scopes, or `not stated`. */
export function renderRequirement(tool: Tool, held: readonly string[] | undefined): string {
  const schemes = securitySchemes.safeParse(tool._meta?.securitySchemes)
  if (!schemes.success) return 'not stated'
  if (schemes.data.some(({ type }) => type === 'noauth')) return 'public'
  const scopes = schemes.data.flatMap((scheme) => ('scopes' in scheme ? (scheme.scopes ?? []) : []))
  if (scopes.length === 0) return 'any account'
  const lacking = held && missingScopes(held, scopes).length > 0 ? ' (not held)' : ''
  return `${printableLine(scopes.join(' '))}${lacking}`
}

/** The tools as a table: name and parameters, what they ask for, what they do. */
export function renderTools(tools: readonly Tool[], held: readonly string[] | undefined): string {
  const rows = tools.map((tool) => [
    printableLine(
      [tool.name, ...Object.keys(tool.inputSchema.properties ?? {}).map((name) => `${name}=…`)].join(' '),
    ),
    renderRequirement(tool, held),
    printableLine(tool.title ?? tool.description ?? ''),
  ])
  return renderColumns([['TOOL', 'SCOPE', 'WHAT IT DOES'], ...rows], '  ')
}

/** For programs: JSON, whose strings hold no control character as it is. */
export function renderJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A tool's answer for people: its structured content if it has some, else its text. */
export function renderResult({ structuredContent, content }: CallToolResult): string {
  if (structuredContent !== undefined) return renderValue(structuredContent)
  return content
    .map((block) => (block.type === 'text' ? printable(block.text) : `(${printableLine(block.type)})`))
    .join('\n')
}

/** Objects become `name  value` lines, lists of objects tables; what is nested deeper stays JSON. */
function renderValue(value: unknown, indent = ''): string {
  if (Array.isArray(value)) return renderList(value, indent)
  if (!isObject(value)) return `${indent}${renderScalar(value)}`
  const simple = Object.entries(value).filter(([, item]) => !isNested(item))
  const nested = Object.entries(value).filter(([, item]) => isNested(item))
  return [
    ...(simple.length > 0
      ? [
          renderColumns(
            simple.map(([name, item]) => [printableLine(name), renderScalar(item)]),
            indent,
          ),
        ]
      : []),
    ...nested.map(([name, item]) => `${indent}${printableLine(name)}\n${renderValue(item, `${indent}  `)}`),
  ].join('\n')
}

function renderList(list: readonly unknown[], indent: string): string {
  if (list.length === 0) return `${indent}(none)`
  if (!list.every(isObject)) return list.map((item) => `${indent}${renderScalar(item)}`).join('\n')
  const names = [...new Set(list.flatMap((item) => Object.keys(item)))]
  const rows = list.map((item) => names.map((name) => (name in item ? renderScalar(item[name]) : '')))
  return renderColumns([names.map((name) => printableLine(name).toUpperCase()), ...rows], indent)
}

function renderScalar(value: unknown): string {
  if (typeof value === 'string') return printable(value)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return printableLine(value.join(' '))
  return printableLine(JSON.stringify(value) ?? '')
}

function isNested(value: unknown): boolean {
  return isObject(value) || (Array.isArray(value) && value.some(isObject))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
