import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import type { Attack, AttackReport, CallerReport } from './attackers/attack-options.ts'
import { resourceOf, startMcpServer } from './support/mcp-server.ts'
import { type Program, startProgram } from './support/program.ts'
import { decimal, type Finding } from './support/report.ts'
import { residentMegabytesOf } from './support/usage.ts'

/** How many calls a second the healthy caller sends. */
const callsPerSecond = 50

/** The 99th percentile may be this many times the quiet one. */
const mostTimes = 3

/** How much memory an attack may cost, in megabytes. */
const mostMegabytes = 150

type Kind = Omit<Attack, 'url'>

/** 20 attackers, each with one big `initialize` at a time and 40 connections that never finish their bodies. */
const costly: readonly Kind[] = [
  { kind: 'many keys', attackers: 20, perSecond: 20, networks: 1 },
  { kind: 'unfinished bodies', attackers: 800, perSecond: 800, networks: 1 },
]

const badTokens = (networks: number): readonly Kind[] => [
  { kind: 'bad tokens', attackers: 200, perSecond: 700, networks },
]

/**
 * The last has no target: every one of its tokens comes from a network that has sent none before, and is worth a
 * question to the issuer, as a good token would be. What that costs is what it shows.
 */
const attacksByName: readonly (readonly [what: string, attacks: readonly Kind[], isTarget?: false])[] = [
  ['20 attackers: initialize with 90,000 keys, unfinished bodies', costly],
  ['distinct bad tokens, 700/s, from one address', badTokens(1)],
  ['distinct bad tokens, 700/s, from 1,000 addresses', badTokens(1000), false],
]

/**
 * A caller with a good token, in quiet and beside attackers, each in a process of its own. The generators share the
 * processors with the server, so in quiet they attack a decoy, at the same rate: what differs is the server's doing.
 */
export async function measureUnderAttack(seconds: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [what, attacks, isTarget = true] of attacksByName) {
    const measured = await measureAttack(what, attacks, seconds)
    findings.push(...(isTarget ? measured : measured.map(withoutTarget)))
  }
  return findings
}

function withoutTarget({ what, figure }: Finding): Finding {
  return { what, figure }
}

async function measureAttack(
  what: string,
  attacks: readonly Kind[],
  seconds: number,
): Promise<readonly Finding[]> {
  const issuer = await startIssuer()
  // As shipped: the limits are the default ones.
  const limits = { RATE_LIMIT: '100000', RATE_LIMIT_ANONYMOUS: '300', TRUST_PROXY: 'loopback' }
  const server = await startMcpServer(issuer.issuer, limits)
  const decoy = await startProgram('bench/servers/decoy.ts')
  const url = urlOf(server)
  const token = issuer.issue(resourceOf(server))
  try {
    await callAsGood(url, token, 3)
    const idle = await callAsGood(url, token, seconds)
    const residentBefore = residentMegabytesOf(server.pid)
    const quiet = await during(attacks, urlOf(decoy), () => callAsGood(url, token, seconds))
    const asked = issuer.use.introspection.requests
    let residentMost = 0
    const watch = setInterval(() => {
      residentMost = Math.max(residentMost, residentMegabytesOf(server.pid) ?? 0)
    }, 100)
    const attacked = await during(attacks, url, () => callAsGood(url, token, seconds))
    clearInterval(watch)
    const times = attacked.result.p99 / quiet.result.p99
    const { failures, calls } = attacked.result
    const grown = residentBefore === undefined ? undefined : residentMost - residentBefore
    const introspections = issuer.use.introspection.requests - asked
    return [
      {
        what: `${what}: a good caller's 99th percentile (alone; beside as many attackers of another server; attacked)`,
        target: `< ${mostTimes} times the second`,
        figure: `${ms(idle.p99)}; ${ms(quiet.result.p99)}; ${ms(attacked.result.p99)}: ${times.toFixed(2)} times, ${failures} of ${calls} failed`,
        met: times < mostTimes && failures === 0,
      },
      {
        what: 'its memory (RSS) before, and at most during the attack',
        target: `at most ${mostMegabytes} MB more`,
        figure: `${decimal(residentBefore, 0)} MB, ${decimal(residentMost, 0)} MB; the attackers: ${described(attacked.reports)}; ${introspections} introspections`,
        met: grown === undefined ? undefined : grown <= mostMegabytes,
      },
    ]
  } finally {
    await Promise.all([server.stop(), decoy.stop(), issuer.stop()])
  }
}

/** Does something while the attacks go on. */
async function during<Result>(attacks: readonly Kind[], url: string, action: () => Promise<Result>) {
  const running = await Promise.all(attacks.map((attack) => startAttack({ ...attack, url })))
  // The first requests, which compile code and open connections, are not the attack.
  await new Promise((resolve) => setTimeout(resolve, 2000))
  const result = await action()
  return { result, reports: await Promise.all(running.map(({ stop }) => stop())) }
}

async function startAttack(attack: Attack): Promise<{ stop(): Promise<AttackReport> }> {
  const child: ChildProcess = spawn(process.execPath, [programOf('attack.ts'), JSON.stringify(attack)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const output = text(child.stdout as NodeJS.ReadableStream)
  await once(child, 'message')
  return {
    async stop() {
      child.kill('SIGTERM')
      const report = await output
      process.off('exit', kill)
      return JSON.parse(report)
    },
  }
}

async function callAsGood(url: string, token: string, seconds: number): Promise<CallerReport> {
  const args = [programOf('healthy-caller.ts'), url, token, String(callsPerSecond), String(seconds)]
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout)
}

const programOf = (name: string) => fileURLToPath(new URL(`attackers/${name}`, import.meta.url))
const urlOf = ({ port }: Program) => `http://127.0.0.1:${port}/mcp`
const ms = (value: number) => `${value.toFixed(0)} ms`

function described(reports: readonly AttackReport[]): string {
  return reports
    .map(({ sent, statuses, errors }) => {
      const answers = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`)
      return [`${sent} sent`, ...answers, `${errors} cut off`].join(', ')
    })
    .join('; ')
}
