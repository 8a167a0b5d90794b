import { Agent, request } from 'node:http'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { readDataRequest } from '../support/requests.ts'
import type { CallerReport } from './attack-options.ts'

// Run by under-attack.ts with a URL, a token, calls in a second, and seconds. Writes a CallerReport.

const [url = '', token = '', perSecond = '', seconds = ''] = process.argv.slice(2)
const { body, headers } = readDataRequest({ token })
const agent = new Agent({ keepAlive: true })
const everyMs = 1000 / Number(perSecond)
const calls = Math.round(Number(seconds) * Number(perSecond))

function call(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const req = request(url, {
    method: 'POST',
    agent,
    headers: { ...headers, 'x-forwarded-for': '192.0.2.1', 'content-length': Buffer.byteLength(body) },
  })
  req.once('error', () => resolve(false))
  req.once('response', (res) => {
    res.resume()
    res.once('close', () => resolve(res.statusCode === 200 && res.complete))
  })
  req.end(body)
  return promise
}

const begin = performance.now()
const outcomes = await Promise.all(
  Array.from({ length: calls }, async (_, index) => {
    const due = begin + index * everyMs
    await delay(due - performance.now())
    // This process may be late itself, which is not the server's doing.
    const sentAt = performance.now()
    const good = await call()
    return { good, ms: performance.now() - sentAt }
  }),
)
agent.destroy()
const sorted = outcomes.map(({ ms }) => ms).sort((one, other) => one - other)
const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
const report: CallerReport = {
  calls,
  failures: outcomes.filter(({ good }) => !good).length,
  p50: at(0.5),
  p99: at(0.99),
}
process.stdout.write(JSON.stringify(report))
