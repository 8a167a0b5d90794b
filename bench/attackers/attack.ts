import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { readDataRequest } from '../support/requests.ts'
import type { Attack, AttackReport } from './attack-options.ts'

// Run by under-attack.ts with an Attack as JSON. Attacks until SIGTERM, then writes an AttackReport.

const attack = JSON.parse(process.argv[2] ?? '') as Attack
const report: AttackReport = { sent: 0, statuses: {}, errors: 0 }
process.once('SIGTERM', () => process.stdout.write(JSON.stringify(report), () => process.exit(0)))
const { hostname, port } = new URL(attack.url)
const mebibyte = 1024 * 1024

/** 979 kB with 90,000 keys, as one `initialize`. */
const manyKeys = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: Object.fromEntries(Array.from({ length: 90_000 }, (_, index) => [`k${index}`, 0])),
})

const initializeRequest = () => ({
  body: manyKeys,
  headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
})

function badTokenRequest() {
  const { body, headers } = readDataRequest({ token: randomBytes(24).toString('base64url') })
  const network = `203.0.${Math.floor((Math.random() * attack.networks) / 256)}.${Math.floor(Math.random() * Math.min(attack.networks, 256))}`
  return { body, headers: { ...headers, 'x-forwarded-for': network } }
}

function send(agent: Agent, { body, headers }: { body: string; headers: Readonly<Record<string, string>> }) {
  const { promise, resolve } = Promise.withResolvers<void>()
  let over = false
  const done = (outcome: number | 'error') => {
    if (over) return
    over = true
    if (outcome === 'error') report.errors += 1
    else report.statuses[outcome] = (report.statuses[outcome] ?? 0) + 1
    resolve()
  }
  report.sent += 1
  const req = request(attack.url, {
    method: 'POST',
    agent,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    signal: AbortSignal.timeout(30_000),
  })
  req.once('response', (res) => {
    res.resume()
    res.once('close', () => done(res.statusCode ?? 0))
  })
  // An error after the answer, such as the end of its connection, is none of the answer's.
  req.on('error', () => done('error'))
  req.end(body)
  return promise
}

/** One attacker: the next request goes when its time has come and the answer to the last is there. */
async function repeat(makeRequest: () => Parameters<typeof send>[1], index: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const everyMs = (1000 * attack.attackers) / attack.perSecond
  let next = performance.now() + (everyMs * index) / attack.attackers
  for (;;) {
    const waitMs = next - performance.now()
    if (waitMs > 0) await delay(waitMs)
    // What could not be sent in time is not made up for.
    next = Math.max(next, performance.now() - everyMs) + everyMs
    await send(agent, makeRequest())
  }
}

/** Holds a connection that has sent all but one byte of 1 MiB, and opens it again when the server has ended it. */
async function hold(): Promise<void> {
  const head = `POST /mcp HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${mebibyte}\r\n\r\n`
  const body = Buffer.alloc(mebibyte - 1, 0x20)
  for (;;) {
    report.sent += 1
    const socket: Socket = connect(Number(port), hostname)
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.resume()
    socket.write(head)
    socket.write(body)
    await closed
    report.errors += 1
    // The generator must not be what is measured: a new mebibyte takes it more time than the server. And 800 that come
    // back in one moment would be one long pause instead of a load.
    await delay(5000 + Math.random() * 10_000)
  }
}

const attackers = Array.from({ length: attack.attackers }, (_, index) => index)
const work =
  attack.kind === 'unfinished bodies'
    ? attackers.map(() => hold())
    : attackers.map((index) =>
        repeat(attack.kind === 'many keys' ? initializeRequest : badTokenRequest, index),
      )
process.send?.('attacking')
await Promise.all(work)
