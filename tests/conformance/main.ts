import { availableParallelism } from 'node:os'
import process from 'node:process'
import { judgeProvider } from './authorization-server.ts'
import { clientCommand, requiredScenarios, runReferee, type Verdict } from './referee.ts'

/** One line of the table. */
interface Score {
  readonly name: string
  readonly reached: number
  readonly of: number
  readonly lost: readonly string[]
}

/** It starts up to 39 clients at once: on two cores the last of them need their time, in milliseconds. */
const client = ['client', '--command', clientCommand, '--timeout', '90000']

const current = '2026-07-28'

/** What the referee has for the revision before; it keeps no list of requirements for it. */
const of20250618 = [
  'initialize',
  'tools_call',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
]

/** Extensions, and what came after the revision's release. */
const notRequired = [
  'auth/client-credentials-jwt',
  'auth/client-credentials-basic',
  'auth/enterprise-managed-authorization',
  'auth/dpop',
  'auth/dpop-nonce',
  'auth/wif-jwt-bearer',
  'json-schema-2020-12-preservation',
]

/** Why a scenario is lost; undefined when it is won: something was checked, and all of it passed. */
function loss(verdict: Verdict | undefined): string | undefined {
  if (!verdict) return 'no verdict'
  if (verdict.problems.length > 0) return verdict.problems.join('; ')
  return verdict.passed > 0 ? undefined : 'nothing was checked'
}

async function judgeRevision(revision: string, expected: number): Promise<Score> {
  const scenarios = await requiredScenarios(revision)
  const { verdicts } = await runReferee([...client, '--requirements', revision])
  const lost = scenarios.flatMap((name) => {
    const why = loss(verdicts.get(name))
    return why === undefined ? [] : [`${name}: ${why}`]
  })
  return { name: `client, ${revision}`, reached: scenarios.length - lost.length, of: expected, lost }
}

/** Each scenario by itself: then the client's exit status and its time-outs count, and so do warnings. */
async function judgeStrictly(
  revision: string,
  scenarios: readonly string[],
  expected: number,
): Promise<Score> {
  const queue = [...scenarios]
  const lost: string[] = []
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const which = ['--scenario', name, '--spec-version', revision, '--force']
      const { exitCode, verdicts } = await runReferee([...client, ...which])
      const why = loss(verdicts.get(name)) ?? (exitCode === 0 ? undefined : `exit code ${exitCode}`)
      if (why !== undefined) lost.push(`${name}: ${why}`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return {
    name: `client, ${revision}, one by one, strict`,
    reached: scenarios.length - lost.length,
    of: expected,
    lost,
  }
}

async function judgeAuthorizationServer(expected: number): Promise<Score> {
  const { verdicts } = await judgeProvider()
  const found = [...verdicts.values()]
  const lost = [...verdicts].flatMap(([name, verdict]) => {
    const why = loss(verdict)
    return why === undefined ? [] : [`${name}: ${why}`]
  })
  const reached = found.reduce((sum, { passed }) => sum + passed, 0)
  return { name: 'authorization server, checks', reached, of: expected, lost }
}

const scores: Score[] = []
for (const judge of [
  () => judgeRevision(current, 32),
  () => judgeRevision('2025-11-25', 18),
  async () => await judgeStrictly(current, [...(await requiredScenarios(current)), ...notRequired], 39),
  () => judgeStrictly('2025-06-18', of20250618, 5),
  () => judgeAuthorizationServer(3),
]) {
  const score = await judge()
  const won = score.reached === score.of && score.lost.length === 0
  console.log(
    `${won ? 'ok  ' : 'LOST'}  ${score.name.padEnd(40)} ${String(score.reached).padStart(3)} of ${score.of}`,
  )
  for (const line of score.lost) console.log(`        ${line}`)
  scores.push(score)
  if (!won) process.exitCode = 1
}
