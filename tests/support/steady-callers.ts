import { Agent as HttpAgent, type RequestOptions, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

/** What callers saw. */
export interface CallReport {
  /** Calls that were answered with the expected status. */
  answered: number
  /** Connections that were refused while no process listened: nothing was sent on them. */
  refused: number
  /** Calls that were sent and not answered, or answered with something else; in words. */
  readonly lost: string[]
}

/** What each call is, and where it goes. */
export interface CallOptions {
  readonly port: number
  /** The certificate that the server must show, in PEM. Absent: plain http. */
  readonly ca?: string
  readonly request: RequestOptions
  readonly body: string
  readonly status: number
  /** Whether connections are used again. */
  readonly keepAlive: boolean
}

/** Callers that send their next call as soon as the last one is answered. */
export interface SteadyCallers {
  readonly report: CallReport
  /** Resolves when that many calls more have been answered. */
  more(calls: number): Promise<void>
  stop(): Promise<void>
}

/** Starts callers, each with a connection of its own. */
export function startCallers(count: number, options: CallOptions): SteadyCallers {
  const { port, ca, keepAlive } = options
  const report: CallReport = { answered: 0, refused: 0, lost: [] }
  const request = ca === undefined ? requestHttp : requestHttps
  let stopped = false

  function call(agent: HttpAgent): Promise<void> {
    const { body } = options
    return new Promise((resolve, reject) => {
      const headers = { ...options.request.headers, 'content-length': Buffer.byteLength(body) }
      const target = { ...options.request, method: 'POST', host: '127.0.0.1', port, agent, headers }
      const outgoing = request(target, (response) => {
        text(response).then((answer) => {
          if (response.statusCode === options.status) report.answered += 1
          else report.lost.push(`${response.statusCode} ${answer.slice(0, 200)}`)
          resolve()
        }, reject)
      })
      outgoing.once('error', reject)
      outgoing.end(body)
    })
  }

  async function caller(): Promise<void> {
    const own = { keepAlive, maxSockets: 1 }
    const agent =
      ca === undefined ? new HttpAgent(own) : new HttpsAgent({ ...own, ca, servername: 'localhost' })
    while (!stopped) {
      try {
        await call(agent)
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (code !== 'ECONNREFUSED') report.lost.push(message)
        else {
          report.refused += 1
          await delay(20)
        }
      }
    }
    agent.destroy()
  }

  const callers = Array.from({ length: count }, caller)
  return {
    report,
    async more(calls) {
      const wanted = report.answered + calls
      while (report.answered < wanted && report.lost.length === 0) await delay(10)
    },
    async stop() {
      stopped = true
      await Promise.all(callers)
    },
  }
}
