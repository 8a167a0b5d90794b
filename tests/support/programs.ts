import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { openServer } from './http-server.ts'

/** How a program ended. */
export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One of the three programs, running as its npm script runs it. */
export interface Program {
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string }
  /**
   * Waits until it has written something that fits.
   * @throws Error with what it wrote, when it ends before
   */
  wrote(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ending>
  readonly stdin: NodeJS.WritableStream
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ending>
}

const running = new Set<() => void>()

/** Kills what a test file has left running. For `afterAll`. */
export function killPrograms(): void {
  for (const kill of running) kill()
}

/**
 * Starts a program in an environment of its own: nothing is inherited, and there is no browser to open.
 * @param main such as `provider/main.ts`
 */
export function startProgram(
  main: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Program {
  const child = spawn(process.execPath, ['-r', './runtime/require-node.cjs', main, ...args], {
    cwd: new URL('../..', import.meta.url),
    env: { PATH: '', ...env },
    stdio: 'pipe',
  })
  const kill = () => child.kill('SIGKILL')
  running.add(kill)
  const output = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  const note = (stream: 'stdout' | 'stderr') => (text: string) => {
    output[stream] += text
    for (const look of watchers) look()
  }
  child.stdout.setEncoding('utf8').on('data', note('stdout'))
  child.stderr.setEncoding('utf8').on('data', note('stderr'))
  const ended = once(child, 'close').then(([code]): Ending => {
    running.delete(kill)
    return { code, ...output }
  })

  async function wrote(pattern: RegExp): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray>()
    const look = () => {
      const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr)
      if (match) found.resolve(match)
    }
    watchers.add(look)
    look()
    const tooLate = ended.then((ending) => {
      throw new Error(`${main} ended before it wrote ${pattern}: ${JSON.stringify(ending)}`)
    })
    try {
      return await Promise.race([found.promise, tooLate])
    } finally {
      watchers.delete(look)
    }
  }

  return {
    output,
    wrote,
    ended,
    stdin: child.stdin,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** A port on which nothing listens. */
export async function findFreePort(): Promise<number> {
  const { port, close } = await openServer()
  await close()
  return port
}
