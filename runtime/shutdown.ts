import type { Server } from 'node:http'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { closingAnswers } from './closing-answers.ts'
import { stopListening } from './stop-listening.ts'
import { within } from './within.ts'

/** How long requests in flight may take to finish after a signal, in milliseconds. */
const graceMs = 10_000

/** How long an idle connection stays open after Ctrl-C, in milliseconds: a person waits. */
const interactiveLingerMs = 500

/** How long the end of a stop may take, in milliseconds: a lost store must not keep the process alive. */
const endMs = 5000

/** npm forwards what the terminal has sent to both: its copy of a signal comes within this time, in milliseconds. */
const copyMs = 1000

/**
 * Closes a server for good: idle connections at once, the others when their requests are answered.
 * @param timeoutMs after this many milliseconds what is still open is cut
 */
export async function stop(server: Server, timeoutMs = graceMs): Promise<void> {
  const closed = Promise.withResolvers<void>()
  server.close(() => closed.resolve())
  server.closeIdleConnections()
  // A kept-alive connection becomes idle when its last request is answered, and would stay for seconds.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await closed.promise
  clearInterval(idle)
  clearTimeout(timer)
}

/** What else stops with a server. */
export interface StopHooks {
  /** Whether npm has started this process: then a signal for their whole group arrives twice. Default false. */
  readonly underNpm?: boolean
  /** How long new connections are still accepted after the signal, in seconds. Default 0. */
  readonly delaySeconds?: number
  /** Tells load balancers, when there is such a delay. */
  readonly announce?: () => void
  /** Ends what would never end by itself, such as streams, when the server has stopped listening. */
  readonly begin?: () => void
  /** Closes what requests need, after the last one. */
  readonly end?: () => Promise<void>
}

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** The status of a process that a second signal ends: 128 and the signal's number. */
const statuses: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/**
 * Stops the server at SIGTERM, SIGHUP or Ctrl-C, then ends the process with 0. A second signal ends it at once.
 *
 * No request is lost that was sent on an open connection. Every answer from now on says `Connection: close`. A
 * connection that is idle may carry one more request as long as its client has been told that it may
 * (`Keep-Alive: timeout`, RFC 9112 §9.3); after Ctrl-C for half a second.
 */
export function stopOnSignal(server: Server, hooks: StopHooks = {}): void {
  const { underNpm = false, delaySeconds = 0, announce, begin, end } = hooks
  const answers = closingAnswers(server)
  let first: { readonly signal: StopSignal; readonly at: number } | undefined

  async function onSignal(signal: StopSignal): Promise<void> {
    if (first) {
      const isCopy = underNpm && signal === first.signal && performance.now() - first.at < copyMs
      if (!isCopy) process.exit(statuses[signal])
      return
    }
    first = { signal, at: performance.now() }
    if (delaySeconds > 0) {
      announce?.()
      await delay(delaySeconds * 1000)
    }
    const { closed } = await stopListening(server, answers.close)
    begin?.()
    const keptAliveMs = server.keepAliveTimeout + (server.keepAliveTimeoutBuffer ?? 0)
    const linger = setTimeout(answers.closeIdle, signal === 'SIGINT' ? interactiveLingerMs : keptAliveMs)
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(linger)
    clearTimeout(timer)
    await within(endMs, end?.() ?? Promise.resolve()).catch(() => {})
    process.exit(0)
  }

  for (const signal of Object.keys(statuses) as StopSignal[]) {
    // Those of early-stop.cjs.
    process.removeAllListeners(signal)
    process.on(signal, () => void onSignal(signal))
  }
}
