import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from '../runtime/listen.ts'
import { introspectionCacheSeconds } from './contract.ts'

/** Both servers, running as their npm scripts start them. */
export interface Servers {
  readonly issuer: string
  readonly resource: string
  /** Until both answered, in milliseconds. */
  readonly startMs: number
  /** Stops both, whatever state they are in. */
  stop(): Promise<void>
  /** What they wrote to standard error. */
  complaints(): string
}

const startTimeoutMs = 10_000
const stopTimeoutMs = 3_000
const host = '127.0.0.1'

/** What is kept of a server's standard error: its last characters. */
const maxComplaints = 4_000

/**
 * Starts provider and MCP server as processes, on free ports.
 * @param env what they inherit
 * @throws Error with what a server wrote to standard error, when it does not come up
 */
export async function startServers(env: Readonly<Record<string, string | undefined>>): Promise<Servers> {
  const started = performance.now()
  const [providerPort, mcpPort] = [await findFreePort(), await findFreePort()]
  const issuer = `http://localhost:${providerPort}`
  const resource = `http://localhost:${mcpPort}/mcp`
  const shared = { ...env, HOST: host, ISSUER: issuer, RESOURCE: resource, LOG_LEVEL: 'warn' }
  const programs = [
    startProgram('provider/main.ts', { ...shared, PORT: String(providerPort) }),
    startProgram('resource-server/main.ts', {
      ...shared,
      PORT: String(mcpPort),
      INTROSPECTION_CACHE_SECONDS: String(introspectionCacheSeconds),
    }),
  ] as const
  const stop = async () => {
    await Promise.all(programs.map((program) => program.stop()))
  }
  try {
    await Promise.all([
      programs[0].answers(`${issuer}/.well-known/oauth-authorization-server`),
      programs[1].answers(`http://localhost:${mcpPort}/.well-known/oauth-protected-resource/mcp`),
    ])
  } catch (error) {
    await stop()
    throw error
  }
  return {
    issuer,
    resource,
    startMs: Math.round(performance.now() - started),
    stop,
    complaints: () =>
      programs
        .map((program) => program.complaints())
        .filter((text) => text !== '')
        .join('\n'),
  }
}

/** Both programs must know both URLs before either listens. */
async function findFreePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, { host, port: 0 })
  server.close()
  await once(server, 'close')
  return port
}

function startProgram(main: string, env: Readonly<Record<string, string | undefined>>) {
  const child = spawn(process.execPath, ['-r', './runtime/require-node.cjs', main], {
    cwd: new URL('..', import.meta.url),
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-maxComplaints)
  })
  child.once('error', (error) => {
    complaints += `${error.message}\n`
  })
  // The last resort, when the demo itself ends early.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return {
    complaints: () => complaints,
    stop: () => stopProgram(child),
    async answers(url: string): Promise<void> {
      const deadline = performance.now() + startTimeoutMs
      while (!(await isThere(url))) {
        const ended = !isRunning(child)
        if (ended || performance.now() > deadline) {
          const problem = ended ? 'ended at once' : `did not answer within ${startTimeoutMs / 1000} s`
          throw new Error(`${main} ${problem}.${complaints && `\n${complaints}`}`)
        }
        await delay(25)
      }
    },
  }
}

async function isThere(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

async function stopProgram(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await ended
  clearTimeout(timer)
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}
