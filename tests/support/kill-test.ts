import { setTimeout as delay } from 'node:timers/promises'
import type { LightClient } from './light-client.ts'
import {
  type Code,
  isActive,
  lightRevoke,
  lightSignIn,
  obtainTokens,
  type Person,
  redemption,
  refreshing,
  type Tokens,
  UnexpectedAnswer,
} from './light-sign-in.ts'
import type { Replicas } from './replicas.ts'

/** What somebody got, and what became of it: the account that is settled at the end. */
interface Family {
  /** Access tokens that were received. */
  readonly accessTokens: string[]
  /** Refresh tokens that were used: their successor was received. */
  readonly used: string[]
  /** The refresh token that was received last. */
  current: string
  /**
   * `ended` when its revocation was confirmed, or something of it was used twice; `doubtful` when the answer that
   * would tell was cut off.
   */
  state: 'alive' | 'ended' | 'doubtful'
}

/** What the kill test saw. */
export interface KillReport {
  readonly kills: number
  readonly signIns: number
  readonly refreshes: number
  /** Answers that never came. */
  readonly cut: number
  /** Refreshes that were cut off: those whose retry was granted, and those that needed a new login. */
  readonly cutRefreshes: { readonly granted: number; readonly newLogin: number }
  /** Codes and refresh tokens that were used twice at once. */
  readonly races: number
  /** Tokens that were looked at in the end. */
  readonly verified: number
  /** What may not happen, in words. Empty when nothing did. */
  readonly violations: readonly string[]
}

/** How the test goes. */
export interface KillOptions {
  readonly kills: number
  readonly clients: number
  readonly person: Person
}

/** A code that is older may have expired: then showing it again proves nothing. */
const codeLivesMs = 30_000

/** An answer that was cut off by a kill, or that no replica was there to give. Nobody knows what was done. */
class Cut extends Error {
  override readonly name = 'Cut'
}

/**
 * Clients sign in, redeem, refresh, introspect and revoke without a pause, while replicas are killed and started
 * again. Everything that a client received is written down, and in the end all of it is asked for again.
 */
export async function killReplicas(replicas: Replicas, options: KillOptions): Promise<KillReport> {
  const counts = { kills: 0, signIns: 0, refreshes: 0, cut: 0, races: 0, verified: 0 }
  const cutRefreshes = { granted: 0, newLogin: 0 }
  const families: Family[] = []
  const violations: string[] = []
  const violated = (what: string) => void violations.push(what)
  let stopped = false

  /** Does something, and tells an answer that was cut off from all others. */
  async function attempt<Result>(action: () => Promise<Result>, isSignIn = false): Promise<Result> {
    const killsBefore = counts.kills
    try {
      return await action()
    } catch (error) {
      const gateway = error instanceof UnexpectedAnswer && error.status >= 502
      // An error of Node's own: to Jest's sandbox it is of another world's class.
      const connection = typeof Object(error).code === 'string'
      // nginx sends a GET that was cut off to the next replica, where the sign-in may have gone on already.
      const repeated = error instanceof UnexpectedAnswer && [400, 403].includes(error.status)
      if (!gateway && !connection && !(repeated && isSignIn && counts.kills > killsBefore)) throw error
      counts.cut += 1
      throw new Cut('', { cause: error })
    }
  }

  /** Like {@link attempt}, for what may be asked any number of times. */
  async function insist<Result>(action: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await attempt(action)
      } catch (error) {
        if (!(error instanceof Cut)) throw error
        await delay(20)
      }
    }
  }

  /** @returns what the token endpoint gave, or that it refused with `invalid_grant`, or that nobody knows */
  async function ask(http: LightClient, fields: Record<string, string>): Promise<Tokens | 'refused' | 'cut'> {
    try {
      return await attempt(() => obtainTokens(http, fields))
    } catch (error) {
      if (error instanceof Cut) return 'cut'
      if (error instanceof UnexpectedAnswer && error.message.includes('"invalid_grant"')) return 'refused'
      throw error
    }
  }

  /** Uses the same thing twice at once. @returns what the one who won got, if there was one */
  async function race(http: LightClient, fields: Record<string, string>, family: Family): Promise<void> {
    counts.races += 1
    const answers = await Promise.all([ask(http, fields), ask(http, fields)])
    const granted = answers.filter((answer) => typeof answer === 'object')
    if (granted.length > 1) violated(`${fields.grant_type} was granted twice at once`)
    family.accessTokens.push(...granted.map(({ access_token: token }) => token))
    family.state = answers.includes('cut') ? 'doubtful' : 'ended'
    if (granted.length === 0 && !answers.includes('cut')) violated(`${fields.grant_type} had no winner`)
  }

  async function session(http: LightClient): Promise<void> {
    const code = await attempt(() => lightSignIn(http, options.person), true)
    counts.signIns += 1
    const family: Family = { accessTokens: [], used: [], current: '', state: 'alive' }
    families.push(family)
    if (chance(0.15)) return race(http, redemption(code), family)
    let tokens = await ask(http, redemption(code))
    if (tokens === 'cut') tokens = await insist(() => ask(http, redemption(code)).then(orCut))
    // It had been redeemed, and the answer was lost: this client signs in again.
    if (typeof tokens !== 'object') return end(family)
    receive(family, tokens)
    await use(http, family, code)
  }

  async function use(http: LightClient, family: Family, code: Code): Promise<void> {
    const signedInAt = Date.now()
    for (let turn = 0; turn < 6 && !stopped; turn += 1) {
      const [token = ''] = family.accessTokens.slice(-1)
      if (!(await insist(() => isActive(http, token)))) return violated('an access token was lost')
      if (chance(0.1)) return race(http, refreshing(family.current), family)
      if (!(await refresh(http, family))) return
    }
    const fate = Math.random()
    const [token = ''] = family.accessTokens.slice(-1)
    if (fate < 0.2) return revoke(http, family, token)
    if (fate < 0.4) return revoke(http, family, family.current)
    if (fate < 0.6 && Date.now() - signedInAt < codeLivesMs) return replay(http, family, redemption(code))
    const [used] = family.used
    if (fate < 0.8 && used !== undefined) return replay(http, family, refreshing(used))
  }

  /** @returns false when the client must sign in again */
  async function refresh(http: LightClient, family: Family): Promise<boolean> {
    const before = family.current
    const answer = await ask(http, refreshing(before))
    if (answer === 'refused') {
      end(family)
      violated('a refresh token was lost')
      return false
    }
    if (answer !== 'cut') {
      receive(family, answer)
      family.used.push(before)
      counts.refreshes += 1
      return true
    }
    const retried = await insist(() => ask(http, refreshing(before)).then(orCut))
    if (retried === 'refused') {
      cutRefreshes.newLogin += 1
      end(family)
      return false
    }
    cutRefreshes.granted += 1
    receive(family, retried)
    family.used.push(before)
    return true
  }

  /** Ends a family by any token of it. */
  async function revoke(http: LightClient, family: Family, token: string): Promise<void> {
    await insist(() => lightRevoke(http, token))
    family.state = 'ended'
  }

  /** What was used is shown again, as whoever stole it would. */
  async function replay(http: LightClient, family: Family, fields: Record<string, string>): Promise<void> {
    const answer = await insist(() => ask(http, fields).then(orCut))
    if (answer !== 'refused') violated(`${fields.grant_type}: what had been used was granted again`)
    end(family)
  }

  /** Asks for everything again that anybody received. */
  async function settle(http: LightClient, family: Family): Promise<void> {
    const { accessTokens, used, current, state } = family
    const expectActive = async (token: string, expected: boolean, what: string) => {
      counts.verified += 1
      if ((await isActive(http, token)) !== expected) violated(what)
    }
    if (state === 'doubtful') return
    if (state === 'ended') {
      for (const token of accessTokens) await expectActive(token, false, 'an access token outlived its grant')
      if (current !== '' && (await ask(http, refreshing(current))) !== 'refused') {
        violated('a refresh token outlived its grant')
      }
      return
    }
    for (const token of accessTokens) await expectActive(token, true, 'an access token was lost')
    const renewed = await ask(http, refreshing(current))
    if (typeof renewed !== 'object') return violated('a refresh token was lost')
    const [stolen] = used
    if (stolen === undefined) return
    if ((await ask(http, refreshing(stolen))) !== 'refused')
      violated('a used refresh token was granted again')
    const [last = ''] = accessTokens.slice(-1)
    await expectActive(last, false, 'an access token outlived the replay of its family')
  }

  async function actor(index: number): Promise<void> {
    const http = replicas.connect(`127.0.1.${index + 1}`)
    while (!stopped) {
      try {
        await session(http)
      } catch (error) {
        if (!(error instanceof Cut)) violated(String(error))
        await delay(20)
      }
    }
  }

  const actors = Array.from({ length: options.clients }, (_, index) => actor(index))
  await delay(1000)
  let gaveUp = false
  while (counts.kills < options.kills && !gaveUp) {
    const up = replicas.all.filter((replica) => replica.up)
    const victim = up[Math.floor(Math.random() * up.length)]
    if (victim && up.length > 1) {
      counts.kills += 1
      await victim.kill()
      victim.start().catch((error) => {
        violated(`a replica did not start again: ${error}`)
        gaveUp = true
      })
    }
    await delay(Math.random() * 400)
  }
  while (!gaveUp && replicas.all.some((replica) => !replica.up)) await delay(50)
  stopped = true
  await Promise.all(actors)
  // The proxy has noticed that all are back.
  await delay(2000)
  const http = replicas.connect()
  await inParallel(families, 16, (family) => settle(http, family).catch((error) => violated(String(error))))
  return { ...counts, cutRefreshes, violations: summarise(violations) }

  function end(family: Family): void {
    family.state = 'ended'
  }
}

function receive(family: Family, { access_token: access, refresh_token: refresh }: Tokens): void {
  family.accessTokens.push(access)
  family.current = refresh
}

function orCut<Answer>(answer: Answer | 'cut'): Answer {
  if (answer === 'cut') throw new Cut()
  return answer
}

function chance(probability: number): boolean {
  return Math.random() < probability
}

async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await act(item)
    }),
  )
}

/** Each kind once, with how often it happened. */
function summarise(violations: readonly string[]): readonly string[] {
  const counts = Map.groupBy(violations, (violation) => violation)
  return [...counts].map(([violation, { length }]) => `${violation} (${length} times)`)
}
