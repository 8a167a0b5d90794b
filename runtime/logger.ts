import { type Logger, pino, stdTimeFunctions } from 'pino'

export type { Logger } from 'pino'

/** What may carry a credential is cut out, wherever it stands in a record. */
const secrets = [
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'code',
  'code_verifier',
  'password',
  'authorization',
  'cookie',
  'dpop',
]

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
      redact: { paths: secrets.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}
