import { createLightClient, type LightClient } from '../../tests/support/light-client.ts'
import {
  lightSignIn,
  obtainTokens,
  type Person,
  redemption,
  refreshing,
  resourceServerAuthorization,
  type Tokens,
} from '../../tests/support/light-sign-in.ts'
import { applyLoad, connections, type Sample } from '../support/load.ts'
import type { Program } from '../support/program.ts'
import { drive } from './drive.ts'

/** What is measured. */
export type Task = 'introspection' | 'refresh with rotation' | 'login to code'

/** Providers that are asked to do one thing over and over. */
export interface Scenario {
  load(seconds: number): Promise<Sample>
}

/** Options of {@link createScenario}. */
export interface ScenarioOptions {
  /** Whether a token may be lost: then somebody signs in again. Default false. */
  readonly forgetful?: boolean
  /** How often each grant is refreshed before anything is measured. Default 0. */
  readonly refreshesBefore?: number
}

/** The servers of one issuer: it has the first one's port in its name. */
type Servers = readonly [Program, ...Program[]]

type Measure = (seconds: number, act: (client: number) => Promise<void>) => Promise<Sample>

let people = 0

/** Somebody who has never signed in before. */
const newcomer = (): Person => ({ username: `person-${++people}`, password: 'password' })

/**
 * What is asked of the servers, in turn. Signs in whoever is needed for it.
 */
export async function createScenario(
  task: Task,
  servers: Servers,
  options: ScenarioOptions = {},
): Promise<Scenario> {
  const clients = servers.map(({ port }) => createLightClient({ port, host: hostOf(servers) }))
  const clientOf = (index: number) => clients[index % clients.length] as LightClient
  const pids = servers.map(({ pid }) => pid)
  const measure: Measure = (seconds, act) =>
    drive(pids, seconds, act).finally(() => {
      // A server closes what is idle for long, perhaps just when it would be used again.
      for (const client of clients) client.close()
    })
  switch (task) {
    case 'introspection':
      return introspection(servers, await signInEverybody(clientOf))
    case 'refresh with rotation':
      return refresh(measure, clientOf, await signInEverybody(clientOf), options)
    case 'login to code':
      return login(measure, clientOf)
  }
}

/** A resource server asks about tokens, one for each connection. */
function introspection(servers: Servers, tokens: readonly Tokens[]): Scenario {
  const bodies = tokens.map(({ access_token: token }) => new URLSearchParams({ token }).toString())
  const [body = ''] = bodies
  const request = {
    path: '/introspect',
    body,
    bodies,
    answers: '"active":true',
    headers: {
      host: hostOf(servers),
      authorization: resourceServerAuthorization,
      'content-type': 'application/x-www-form-urlencoded',
    },
  }
  return {
    async load(seconds) {
      const samples = await Promise.all(servers.map((server) => applyLoad(server, request, seconds)))
      const [first] = samples as [Sample]
      return {
        requestsPerSecond: samples.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0),
        cpuMicros: first.cpuMicros,
      }
    },
  }
}

/** Clients that go on refreshing, each with the token that it got last. */
async function refresh(
  measure: Measure,
  clientOf: (index: number) => LightClient,
  tokens: readonly Tokens[],
  { forgetful = false, refreshesBefore = 0 }: ScenarioOptions,
): Promise<Scenario> {
  const current = tokens.map(({ refresh_token: token }) => token)
  async function refreshOnce(index: number): Promise<void> {
    const http = clientOf(index)
    const next = await obtainTokens(http, refreshing(current[index] ?? '')).catch((error) => {
      // The stock adapter forgets what 1,000 later entries have pushed out, a slow client's token as well.
      if (!forgetful) throw error
      return signInOnce(http)
    })
    current[index] = next.refresh_token
  }
  await Promise.all(
    current.map(async (_, index) => {
      for (let count = 0; count < refreshesBefore; count += 1) await refreshOnce(index)
    }),
  )
  return { load: (seconds) => measure(seconds, refreshOnce) }
}

/** People who sign in and consent, each time in a new browser: from `/authorize` to the code. */
function login(measure: Measure, clientOf: (index: number) => LightClient): Scenario {
  return {
    load: (seconds) =>
      measure(seconds, async (index) => {
        await lightSignIn(clientOf(index), newcomer())
      }),
  }
}

function signInEverybody(clientOf: (index: number) => LightClient): Promise<readonly Tokens[]> {
  return Promise.all(Array.from({ length: connections }, (_, index) => signInOnce(clientOf(index))))
}

async function signInOnce(http: LightClient): Promise<Tokens> {
  return obtainTokens(http, redemption(await lightSignIn(http, newcomer())))
}

function hostOf([first]: Servers): string {
  return `localhost:${first.port}`
}
