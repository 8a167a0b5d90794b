import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A server under measurement, in a process of its own. */
export interface Program {
  readonly pid: number
  readonly port: number
  /** From the start of the process until it accepted a connection, in milliseconds. */
  readonly startMs: number
  stop(): Promise<void>
}

/** A program that has not listened by then will not, in milliseconds. */
const startTimeoutMs = 20_000

/** How long a program may take to stop by itself, in milliseconds. */
const stopTimeoutMs = 3000

const unlimited = '1000000000'

const running = new Set<ChildProcess>()

// Whatever ends this process ends the servers, too.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/**
 * Starts a program of this repository as its npm script does, on a free port, and waits until it listens.
 * Its standard output and standard error, and so its log, are discarded.
 * @param file relative to the repository's root
 * @param env put over this process's environment, without what that says of the programs' own settings
 * @throws Error when it ends, or does not listen in time
 */
export async function startProgram(
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const port = await freePort()
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['-r', './runtime/require-node.cjs', file], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      PORT: String(port),
      // All requests of a benchmark come from one address.
      RATE_LIMIT: unlimited,
      RATE_LIMIT_ANONYMOUS: unlimited,
      ...env,
    },
    stdio: 'ignore',
  })
  running.add(child)
  const exited = once(child, 'exit').finally(() => running.delete(child))
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${file} ended before it listened: start it by hand to see why`)
    }
    if (performance.now() - startedAt > startTimeoutMs) throw new Error(`${file} does not listen`)
    await delay(2)
  }
  return {
    pid: child.pid as number,
    port,
    startMs: performance.now() - startedAt,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      await exited
      clearTimeout(timer)
    },
  }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
