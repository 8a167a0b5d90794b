import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { type Distribution, scriptOf } from './distribution.ts'

/** Whoever may do everything there. It exists as long as this Keycloak's database. */
export interface KeycloakAdmin {
  readonly username: string
  readonly password: string
}

/** A Keycloak that answers. */
export interface RunningKeycloak {
  /** `http://localhost:PORT` */
  readonly origin: string
  /** Resolves when it is gone, with what it wrote. */
  readonly ended: Promise<string>
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
}

/** How to start it. */
export interface StartKeycloakOptions {
  readonly distribution: Distribution
  readonly port: number
  readonly admin: KeycloakAdmin
  /** A folder for its database. Absent: it lives in memory. */
  readonly folder?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Gets its warnings. */
  readonly onOutput?: (text: string) => void
  readonly signal?: AbortSignal
}

/** On two busy cores the first start takes minutes. */
const startTimeoutMs = 6 * 60_000
const stopTimeoutMs = 30_000

/** What is kept of its output: the last characters. */
const maxOutput = 8_000

/**
 * Starts a Keycloak in development mode, on this machine's own address only.
 * @throws Error with what it wrote, when it does not come up
 */
export async function startKeycloak(options: StartKeycloakOptions): Promise<RunningKeycloak> {
  const { port, admin, env, onOutput, signal } = options
  const [command, args] = commandLine(options)
  const child = spawn(command, args, {
    env: {
      ...env,
      KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
      KC_LOG_LEVEL: 'warn',
      // It ends soon after it has warmed up: the first compiler alone is done sooner.
      JAVA_OPTS_APPEND: `-XX:TieredStopAtLevel=1 ${env.JAVA_OPTS_APPEND ?? ''}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the script and its Java end together.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-maxOutput)
      onOutput?.(text)
    })
  }
  child.once('error', (error) => {
    output += `${error.message}\n`
  })
  const ended = once(child, 'close').then(
    () => output,
    () => output,
  )
  const killNow = () => kill(child, 'SIGKILL')
  process.once('exit', killNow)
  void ended.then(() => process.off('exit', killNow))

  const running: RunningKeycloak = {
    origin: `http://localhost:${port}`,
    ended,
    async stop() {
      kill(child, 'SIGTERM')
      const timer = setTimeout(killNow, stopTimeoutMs)
      await ended
      clearTimeout(timer)
    },
  }
  try {
    await answers(`${running.origin}/realms/master`, child, signal)
    return running
  } catch (cause) {
    await running.stop()
    throw new Error(`Keycloak did not start: ${(cause as Error).message}.\n${output}`, { cause })
  }
}

/** `dev-file` without a file is H2 in memory: another `--db` would have Keycloak build itself anew each time. */
function commandLine({ distribution, port, folder }: StartKeycloakOptions): [string, string[]] {
  if (distribution.kind === 'image') {
    const { command, image } = distribution
    const published = ['-p', `127.0.0.1:${port}:8080`]
    const variables = [
      'KC_BOOTSTRAP_ADMIN_USERNAME',
      'KC_BOOTSTRAP_ADMIN_PASSWORD',
      'KC_LOG_LEVEL',
      'JAVA_OPTS_APPEND',
    ]
    return [
      command,
      ['run', '--rm', ...published, ...variables.flatMap((name) => ['-e', name]), image, 'start-dev'],
    ]
  }
  const database = folder === undefined ? 'mem:keycloak;DB_CLOSE_DELAY=-1' : `file:${folder}/keycloak`
  const url = `jdbc:h2:${database};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`
  return [
    scriptOf(distribution.home),
    ['start-dev', '--http-host', '127.0.0.1', '--http-port', String(port), '--db-url', url],
  ]
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  if (process.platform === 'win32') child.kill(signal)
  else process.kill(-child.pid, signal)
}

async function answers(url: string, child: ChildProcess, signal: AbortSignal | undefined): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    signal?.throwIfAborted()
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new Error('it ended at once')
    if (performance.now() > deadline)
      throw new Error(`it did not answer within ${startTimeoutMs / 60_000} min`)
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(200)
  }
}
