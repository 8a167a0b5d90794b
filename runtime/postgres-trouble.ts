interface Trouble {
  readonly codes: readonly string[]
  readonly reason: string
  readonly remedy: string
}

const readOnly = {
  codes: ['25006'],
  reason: 'it is read-only: a standby, or default_transaction_read_only is on',
  remedy: 'give the address of the primary',
}

/** SQLSTATEs (PostgreSQL, Appendix A). */
const troubles: readonly Trouble[] = [
  readOnly,
  {
    codes: ['28000'],
    reason: 'it does not let this user in',
    remedy: 'correct the user in the URL, or its pg_hba.conf',
  },
  {
    codes: ['28P01'],
    reason: 'it does not take this user and password',
    remedy: 'correct them in the URL',
  },
  {
    codes: ['3D000'],
    reason: 'it has no database of that name',
    remedy: 'make it with CREATE DATABASE, or correct the URL',
  },
  {
    codes: ['3F000'],
    reason: 'the search_path of this user names no schema that exists',
    remedy: 'make one, or correct it',
  },
  {
    codes: ['42501'],
    reason: 'this user may not make, read or change the tables',
    remedy:
      'grant CREATE on the schema for the first start, and SELECT, INSERT, UPDATE and DELETE on the tables',
  },
  {
    codes: ['42P01'],
    reason: 'a table is missing',
    remedy: 'restore it, or drop every table whose name begins with gatehouse and start again',
  },
  {
    codes: ['42601', '42703', '42804', '42883', '42P07', '42P10', '23502', '42809'],
    reason: 'it has tables of these names with another layout',
    remedy: 'give the program a database or a schema of its own',
  },
  { codes: ['53100'], reason: 'its disk is full', remedy: 'give it room' },
  { codes: ['53200'], reason: 'it is out of memory', remedy: 'give it memory, or see its log' },
  {
    codes: ['53300'],
    reason: 'it takes no more connections',
    remedy: 'raise its limit, 10 for each process, or put a pooler before it',
  },
  { codes: ['55P03'], reason: 'another session holds a lock on the tables', remedy: 'end that session' },
  { codes: ['57014'], reason: 'it cancelled the statement', remedy: 'raise its statement_timeout' },
  { codes: ['57P01', '57P02'], reason: 'it is shutting down', remedy: 'start it again' },
  {
    codes: ['57P03'],
    reason: 'it is starting or stopping, and takes no connections yet',
    remedy: 'wait until it does',
  },
]

/** Their messages may repeat what was to be kept. */
const repeatsValues = /^2[23]/

/**
 * Why PostgreSQL or a pooler before it refuses.
 * @returns the reason, the SQLSTATE and what to do; undefined when it was neither of them that refused
 */
export function postgresTrouble(error: unknown): string | undefined {
  const { code, severity, message } = Object(error) as Record<string, unknown>
  if (typeof code !== 'string' || typeof severity !== 'string') return undefined
  const [said = ''] = String(message).split('\n')
  const [, parameter] = /unsupported startup parameter: (\w+)/.exec(said) ?? []
  if (parameter !== undefined) {
    return (
      `the pooler does not take the parameter ${parameter}, ${code}; ` +
      'leave it out of the URL and the environment, or add it to ignore_startup_parameters'
    )
  }
  const trouble = isOfStandby(said) ? readOnly : troubles.find(({ codes }) => codes.includes(code))
  if (trouble) return `${trouble.reason}, ${code}; ${trouble.remedy}`
  return repeatsValues.test(code) ? code : `${said}, ${code}`
}

/** A standby has other SQLSTATEs for some statements: unlogged tables cannot even be read there. */
export function isOfStandby(message: string): boolean {
  return message.includes('during recovery')
}
