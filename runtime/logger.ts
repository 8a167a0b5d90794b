import { type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino'

export type { Logger } from 'pino'

/** What may carry a credential is cut out, wherever it stands in a record. */
const secrets: ReadonlySet<string> = new Set([
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'client_secret',
  'client_assertion',
  'assertion',
  'device_code',
  'user_code',
  'form_token',
  'code',
  'code_verifier',
  'password',
  'authorization',
  'cookie',
  'set-cookie',
  'dpop',
])

const maxDepth = 4

/**
 * A logger that writes one JSON object a line to standard error: standard output belongs to the program.
 * @param program stands in each record
 */
export function createLogger(program: string, level: string): Logger {
  return pino(
    {
      base: { program },
      level,
      timestamp: stdTimeFunctions.isoTime,
      // By a function: pino's own redaction takes twenty times as long for the same.
      formatters: { log: (record) => withoutSecrets(record) },
      serializers: { err: (error) => serializeError(error) },
    },
    pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 200 }),
  )
}

/** An error's `code`, such as ECONNREFUSED, is no authorization code. */
function serializeError(error: Error & { code?: unknown }): Record<string, unknown> {
  return {
    ...withoutSecrets({ ...stdSerializers.err(error) }),
    ...(error.code !== undefined && { code: error.code }),
  }
}

function withoutSecrets(record: object): Record<string, unknown> {
  return copy(record, 1) as Record<string, unknown>
}

function copy(value: unknown, depth: number): unknown {
  if (!isContainer(value)) return value
  if (depth > maxDepth) return '[…]'
  if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1))
  const shown: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    shown[key] = secrets.has(key.toLowerCase()) ? '[redacted]' : copy(item, depth + 1)
  }
  return shown
}

/** What is written out member by member; anything else writes itself. */
function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
