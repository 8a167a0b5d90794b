import { applyLoad, connections, type Sample } from '../support/load.ts'
import type { Program } from '../support/program.ts'
import { drive } from './drive.ts'
import { createHttpClient } from './http-client.ts'
import { type Person, redeem, refresh, signIn } from './sign-in.ts'

/** What is measured. */
export type Task = 'introspection' | 'refresh with rotation' | 'login to code'

/** A provider that is asked to do one thing over and over. */
export interface Scenario {
  load(seconds: number): Promise<Sample>
}

/** Everyone who signs in. */
export const alice: Person = { username: 'alice', password: 'password123' }

/** The MCP server's registration, with its development secret. */
const resourceServer = Buffer.from('mcp-server:mcp-server-development-secret').toString('base64')

/** What is asked of a provider. Signs in whoever is needed for it. */
export async function createScenario(task: Task, server: Program): Promise<Scenario> {
  if (task === 'introspection') return introspection(server)
  return task === 'login to code' ? login(server) : refreshing(server)
}

/** A resource server asks about tokens over and over, one for each connection. */
async function introspection(server: Program): Promise<Scenario> {
  const tokens = await signInEverybody(server, 'access_token')
  const bodies = tokens.map((token) => new URLSearchParams({ token }).toString())
  const [body = ''] = bodies
  const request = {
    path: '/introspect',
    body,
    bodies,
    answers: '"active":true',
    headers: {
      host: `localhost:${server.port}`,
      authorization: `Basic ${resourceServer}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  }
  return { load: (seconds) => applyLoad(server, request, seconds) }
}

/** 50 clients that go on refreshing, each with the token that it got last. */
async function refreshing(server: Program): Promise<Scenario> {
  const tokens = [...(await signInEverybody(server, 'refresh_token'))]
  const http = createHttpClient(server.port)
  return {
    load: (seconds) =>
      drive([server.pid], seconds, async (client) => {
        tokens[client] = (await refresh(http, tokens[client] ?? '')).refresh_token
      }),
  }
}

/** 50 people who sign in and consent, each time in a new browser: from `/authorize` to the code. */
function login(server: Program): Scenario {
  const http = createHttpClient(server.port)
  return {
    load: (seconds) =>
      drive([server.pid], seconds, async () => {
        await signIn(http, alice)
      }),
  }
}

async function signInEverybody(
  server: Program,
  kind: 'access_token' | 'refresh_token',
): Promise<readonly string[]> {
  const http = createHttpClient(server.port)
  const tokens = await Promise.all(
    Array.from({ length: connections }, async () => (await redeem(http, await signIn(http, alice)))[kind]),
  )
  http.close()
  return tokens
}
