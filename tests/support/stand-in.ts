import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { openServer } from './http-server.ts'

/** What a stand-in was asked. */
export interface StandInRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The fields of a form body; empty for other bodies. */
  readonly fields: URLSearchParams
  readonly body: string
}

/** What a stand-in answers. Default: 200 with an empty object. */
export interface StandInAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Writes the body in its place, after the head. */
  readonly send?: (response: ServerResponse) => void
}

/** A small HTTP server that answers as a test says, and remembers what it was asked. */
export interface StandIn {
  /** `http://localhost:PORT` */
  readonly origin: string
  readonly requests: readonly StandInRequest[]
  /** The requests to one path. */
  to(path: string): readonly StandInRequest[]
}

/** How a stand-in answers, by path; what is not named is a 404. */
export type Routes = Readonly<
  Record<string, StandInAnswer | ((request: StandInRequest) => StandInAnswer | Promise<StandInAnswer>)>
>

/** Starts stand-ins, and stops all of them: `afterEach(standIns.stop)`. */
export function createStandIns() {
  const running: (() => Promise<void>)[] = []
  return {
    async start(routes: (origin: string) => Routes): Promise<StandIn> {
      const requests: StandInRequest[] = []
      const { server, origin, close } = await openServer()
      running.push(close)
      const table = routes(origin)
      server.on('request', async (incoming, outgoing) => {
        const path = incoming.url ?? '/'
        const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
        const body = await text(incoming)
        const request = {
          method: incoming.method ?? '',
          path,
          headers: incoming.headers,
          fields: new URLSearchParams(isForm ? body : ''),
          body,
        }
        requests.push(request)
        const route = table[path.replace(/\?.*/, '')] ?? { status: 404 }
        const answer = typeof route === 'function' ? await route(request) : route
        const headers = { 'content-type': 'application/json', ...answer.headers }
        outgoing.statusCode = answer.status ?? 200
        for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
        if (answer.send) answer.send(outgoing)
        else outgoing.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}))
      })
      return { origin, requests, to: (path) => requests.filter((request) => request.path === path) }
    },
    async stop(): Promise<void> {
      await Promise.all(running.splice(0).map((close) => close()))
    },
  }
}

/** Metadata of an authorization server that has all the client needs (RFC 8414). */
export function authorizationServerMetadata(origin: string): Record<string, unknown> {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    scopes_supported: ['openid', 'offline_access'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
}

/** Metadata of a protected resource (RFC 9728). */
export function protectedResourceMetadata(resource: string, issuer: string): Record<string, unknown> {
  return { resource, authorization_servers: [issuer], scopes_supported: ['read', 'write'] }
}
