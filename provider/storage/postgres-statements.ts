/** $1 is the time now. */
export const living = '(expires_at IS NULL OR expires_at > $1)'
const upsert = 'UPDATE SET value = excluded.value, expires_at = excluded.expires_at'

/**
 * Writes nothing, and makes a read refused where writes are (25006): a demoted primary, whose connections are still
 * open, would answer with what it knew, such as a token that has been revoked since.
 */
const onPrimary = 'WITH nothing AS (DELETE FROM gatehouse_entry WHERE false)'

/**
 * What is asked of PostgreSQL. Each is prepared once on a connection, under its name. What touches several rows takes
 * them in the order of their keys: two statements with the same rows never wait for one another.
 */
export const statements = {
  get: `${onPrimary} SELECT key, value FROM gatehouse_entry WHERE key = ANY($2) AND ${living}`,
  // A new row, or one in the place of an expired one: one winner for each. What is to be kept with a winner is kept
  // with it, and what has no name of one always.
  write: `WITH added AS (
      INSERT INTO gatehouse_entry (key, value, expires_at)
      SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[]) AS asked (key, value, expires_at) ORDER BY key
      ON CONFLICT (key) DO ${upsert} WHERE gatehouse_entry.expires_at <= $1 RETURNING key
    ), others AS (
      INSERT INTO gatehouse_entry (key, value, expires_at)
      SELECT key, value, expires_at
      FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[]) AS other (winner, key, value, expires_at)
      WHERE winner IS NULL OR winner IN (SELECT key FROM added) ORDER BY key
      ON CONFLICT (key) DO ${upsert}
    ) SELECT key FROM added`,
  replace: 'UPDATE gatehouse_entry SET value = $3 WHERE key = $1 AND value = $2',
  delete: `WITH living AS (
      SELECT key FROM gatehouse_entry WHERE key = ANY($2) AND ${living} ORDER BY key FOR UPDATE
    ) DELETE FROM gatehouse_entry WHERE key IN (SELECT key FROM living) RETURNING key`,
  addMember: `INSERT INTO gatehouse_member (name, id, value, expires_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS asked (name, id, value, expires_at)
    ORDER BY name, id
    ON CONFLICT (name, id) DO ${upsert}`,
  removeMember: `DELETE FROM gatehouse_member WHERE name = $2 AND id = $3 AND ${living}`,
  members: `${onPrimary} SELECT id, value FROM gatehouse_member WHERE name = $2 AND ${living}`,
}
