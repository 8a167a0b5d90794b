import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from '@jest/globals'
import { Client } from 'pg'
import { findFreePort } from './programs.ts'
import { describeWithPostgres, type RealStore } from './real-stores.ts'
import { until } from './until.ts'

/** How long PgBouncer lends a connection: for a statement, a transaction, or as long as the client stays. */
export type PoolMode = 'session' | 'transaction' | 'statement'

/** A real PgBouncer before a PostgreSQL. */
export interface RunningPgBouncer {
  /** The URL of the PostgreSQL, with the host and port of this pooler. */
  through(url: string): string
  stop(): Promise<void>
}

/** Where Debian puts it. */
const program = '/usr/sbin/pgbouncer'

/** Runs the tests when PgBouncer and a PostgreSQL are there. In CI they must be; elsewhere it says what is skipped. */
export function describeWithPgBouncer(subject: string, tests: (store: RealStore) => void): void {
  try {
    accessSync(program)
  } catch {
    if (process.env.CI) {
      it(`${subject} needs PgBouncer in CI`, () => expect(`${program} is missing`).toBe('installed'))
      return
    }
    process.stderr.write(`SKIPPED: ${subject}. Install pgbouncer (apt-get install pgbouncer) to test.\n`)
    describe.skip(`${subject} (pgbouncer is not installed)`, () => it('is not tested', () => {}))
    return
  }
  describeWithPostgres(subject, tests)
}

/**
 * Starts PgBouncer with three connections for each database, so that clients must share them.
 * @param settings more lines of its configuration
 */
export async function startPgBouncer(
  target: string,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<RunningPgBouncer> {
  const { hostname, port: targetPort, username } = new URL(target)
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-pgbouncer-'))
  const port = await findFreePort()
  const file = join(folder, 'pgbouncer.ini')
  const lines = [
    '[databases]',
    // Where anybody is let in, the user on the other side must be named.
    `* = host=${hostname} port=${targetPort || 5432} user=${username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    'default_pool_size = 3',
    'max_client_conn = 400',
    ...settings,
  ]
  await writeFile(file, `${lines.join('\n')}\n`)
  // It refuses to run as root.
  await chmod(folder, 0o755)
  const child = launch(file)
  let complaints = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const through = (url: string) => {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    changed.port = String(port)
    return changed.href
  }
  await until(async () => child.exitCode !== null || (await answers(through(target))))
  if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${complaints}`)
  return {
    through,
    async stop() {
      child.kill('SIGTERM')
      child.kill('SIGKILL')
      await ended
      process.off('exit', kill)
      await rm(folder, { recursive: true })
    },
  }
}

function launch(file: string): ChildProcess {
  const options: SpawnOptions = { stdio: ['ignore', 'ignore', 'pipe'] }
  const asUser = ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, file]
  return process.getuid?.() === 0 ? spawn('setpriv', asUser, options) : spawn(program, [file], options)
}

async function answers(url: string): Promise<boolean> {
  const client = new Client(url)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end()
  }
}
