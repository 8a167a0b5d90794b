/** A step of the schema, the same in SQLite and PostgreSQL. Steps are only ever added, never changed. */
export const schemaSteps: readonly string[] = [
  `CREATE TABLE gatehouse_entry (key text PRIMARY KEY, value text NOT NULL, expires_at bigint);
   CREATE INDEX gatehouse_entry_expires_at ON gatehouse_entry (expires_at);
   CREATE TABLE gatehouse_member (
     name text NOT NULL, id text NOT NULL, value text NOT NULL, expires_at bigint, PRIMARY KEY (name, id)
   );
   CREATE INDEX gatehouse_member_expires_at ON gatehouse_member (expires_at);
   CREATE TABLE gatehouse_count (key text PRIMARY KEY, points integer NOT NULL DEFAULT 0, expire bigint);
   CREATE INDEX gatehouse_count_expire ON gatehouse_count (expire);`,
]

/** The version that this program writes. */
export const schemaVersion = schemaSteps.length

/** The tables, and the column that says when a row expires, in Unix milliseconds. */
export const expiringTables = [
  ['gatehouse_entry', 'expires_at'],
  ['gatehouse_member', 'expires_at'],
  ['gatehouse_count', 'expire'],
] as const

/** How many rows one sweep removes from a table. */
export const sweepSize = 500
