import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../support/program.ts'

const run = promisify(execFile)

/** The stores, by the first part of their URL. */
export type StoreName = 'memory' | 'redis' | 'sqlite' | 'postgres'

/** STORE for each kind. */
export type StoreUrls = Readonly<Record<StoreName, string>>

/**
 * Starts new stores on free ports, and stops them when they have been used: a Redis whose append-only file is
 * flushed each second, and a PostgreSQL with its defaults, where every commit is on the disk before it is answered.
 * @throws Error when one is not installed
 */
export async function withStores<Result>(use: (urls: StoreUrls) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  // PostgreSQL runs as another user.
  await chmod(folder, 0o755)
  const [redis, postgres] = await Promise.all([startRedis(folder), startPostgres(join(folder, 'postgres'))])
  try {
    return await use({
      memory: 'memory:',
      redis: redis.url,
      sqlite: `sqlite:${join(folder, 'gatehouse.db')}`,
      postgres: postgres.url,
    })
  } finally {
    await Promise.all([redis.stop(), postgres.stop()])
    await rm(folder, { recursive: true })
  }
}

async function startRedis(folder: string) {
  const port = await freePort()
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''],
    { stdio: 'ignore' },
  )
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  await untilListening(port)
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function startPostgres(data: string) {
  const versions = await readdir('/usr/lib/postgresql')
  const bin = `/usr/lib/postgresql/${versions.sort((a, b) => Number(a) - Number(b)).at(-1)}/bin`
  const port = await freePort()
  // PostgreSQL does not run as root.
  const owner = process.getuid?.() === 0 ? await idsOf('postgres') : undefined
  await run('mkdir', [data])
  if (owner) await chown(data, owner.uid, owner.gid)
  const options = { ...owner, cwd: data }
  await run(`${bin}/initdb`, ['-D', data, '-U', 'gatehouse', '-A', 'trust', '-E', 'UTF8'], options)
  const settings = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
  const child = spawn(`${bin}/postgres`, ['-D', data, ...settings], { ...options, stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  await untilListening(port)
  return {
    url: `postgres://gatehouse@127.0.0.1:${port}/postgres`,
    async stop() {
      child.kill('SIGINT')
      await ended
    },
  }
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const ask = async (flag: string) => Number((await run('id', [flag, user])).stdout)
  return { uid: await ask('-u'), gid: await ask('-g') }
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const socket = connect(port, '127.0.0.1')
    const listening = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (listening) return
    await delay(25)
  }
  throw new Error(`Nothing listens on port ${port}.`)
}
