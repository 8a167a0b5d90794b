import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { findFreePort } from './programs.ts'

/** A real store of this test's own, which it may kill. */
export interface OwnServer {
  readonly url: string
  start(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Stops it in the middle of what it does, with its connections open, until `SIGCONT`. */
  signal(signal: NodeJS.Signals): void
  remove(): Promise<void>
}

/**
 * Starts a Redis that writes everything down at once, in a folder of its own.
 * @param more settings of the command line
 */
export function startOwnRedis(more: readonly string[] = []): Promise<OwnServer> {
  return startOwn('redis', (folder, port) => {
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
    return spawn('redis-server', [...settings, ...durable, ...more], { stdio: 'ignore' })
  })
}

/** Starts a Sentinel that watches a primary as `mymaster`, and finds the other Sentinels of it by itself. */
export function startOwnSentinel(primary: OwnServer, quorum: number): Promise<OwnServer> {
  return startOwn('redis', (folder, port) => {
    const file = join(folder, 'sentinel.conf')
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${new URL(primary.url).port} ${quorum}`,
      'sentinel down-after-milliseconds mymaster 1000',
      'sentinel failover-timeout mymaster 5000',
    ]
    if (!existsSync(file)) writeFileSync(file, `${settings.join('\n')}\n`)
    return spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
  })
}

/** Starts a PostgreSQL in a folder of its own. It refuses to run as root. */
export function startOwnPostgres(): Promise<OwnServer> {
  return startPostgres((bin, data) => [`${bin}/initdb`, '-D', data, '-U', 'gatehouse', '-A', 'trust', '-N'])
}

/** Starts a hot standby that follows a primary, until it is promoted. */
export function startOwnStandby(primary: OwnServer): Promise<OwnServer> {
  return startPostgres((bin, data) => [
    ...[`${bin}/pg_basebackup`, '-D', data, '-d', primary.url],
    ...['--write-recovery-conf', '--checkpoint=fast', '--no-sync'],
  ])
}

/** @param make the command that fills the folder of its data */
function startPostgres(make: (bin: string, data: string) => readonly string[]): Promise<OwnServer> {
  const [version = ''] = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
  const bin = `/usr/lib/postgresql/${version}/bin`
  return startOwn('postgres', (folder, port) => {
    const data = join(folder, 'data')
    if (!existsSync(data)) {
      const [program = '', ...args] = make(bin, data)
      asPostgres(spawnSync, program, args)
    }
    const settings = ['-p', `${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
    return asPostgres(spawn, `${bin}/postgres`, ['-D', data, ...settings])
  })
}

type Run<Result> = (command: string, args: string[], options: { stdio: 'ignore' }) => Result

function asPostgres<Result>(run: Run<Result>, program: string, args: string[]): Result {
  return process.getuid?.() === 0
    ? run('setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args], {
        stdio: 'ignore',
      })
    : run(program, args, { stdio: 'ignore' })
}

async function startOwn(
  scheme: 'redis' | 'postgres',
  launch: (folder: string, port: number) => ChildProcess,
): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o777)
  const port = await findFreePort()
  const url =
    scheme === 'redis' ? `redis://127.0.0.1:${port}` : `postgres://gatehouse@127.0.0.1:${port}/postgres`
  const isReady = () => (scheme === 'redis' ? accepts(port) : answers(url))
  let child: ChildProcess
  async function start(): Promise<void> {
    child = launch(folder, port)
    while (!(await isReady())) await delay(20)
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await start()
  return {
    url,
    start,
    kill,
    signal: (signal) => void child.kill(signal),
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const accepted = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return accepted
}

/** PostgreSQL listens before it lets anybody in. */
async function answers(url: string): Promise<boolean> {
  const client = new Client(url)
  client.on('error', () => {})
  const answered = await client.connect().then(
    () => true,
    () => false,
  )
  await client.end()
  return answered
}
