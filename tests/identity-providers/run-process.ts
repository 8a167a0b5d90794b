import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

/** A program that answers over HTTP. */
export interface RunningProcess {
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
}

/** How to start it. */
export interface ProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Answers with 200 when it is up. */
  readonly readyUrl: string
  readonly signal: AbortSignal
}

const startTimeoutMs = 60_000
const stopTimeoutMs = 10_000

/** What is kept of its output: the last characters. */
const maxOutput = 8_000

/**
 * Starts a program and waits until it answers.
 * @throws Error with what it wrote, when it does not
 */
export async function runProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { command, args, env, readyUrl, signal } = options
  const child = spawn(command, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-maxOutput)
    })
  }
  child.once('error', (error) => {
    output += `${error.message}\n`
  })
  const ended = once(child, 'close').catch(() => {})
  const killNow = () => void child.kill('SIGKILL')
  process.once('exit', killNow)
  void ended.then(() => process.off('exit', killNow))

  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(killNow, stopTimeoutMs)
    await ended
    clearTimeout(timer)
  }

  try {
    await answers(readyUrl, child, signal)
    return { stop }
  } catch (cause) {
    await stop()
    throw new Error(`${command} did not start: ${(cause as Error).message}.\n${output}`, { cause })
  }
}

async function answers(url: string, child: ChildProcess, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    signal.throwIfAborted()
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new Error('it ended at once')
    if (performance.now() > deadline) throw new Error(`it did not answer within ${startTimeoutMs / 1000} s`)
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(100)
  }
}
