import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { requireScopes } from '@modelcontextprotocol/server'
import fc from 'fast-check'
import { type Access, type Guard, guard } from '../../resource-server/access.ts'
import { toNodeListener } from '../../resource-server/adapters/node.ts'
import { type ProtectedMcp, protectMcp } from '../../resource-server/protect.ts'
import { type CallerKind, createCallerKinds } from '../support/caller-kinds.ts'
import { openServer } from '../support/http-server.ts'
import { startIssuer } from '../support/issuer-stand-in.ts'
import { type FuzzedRequest, fuzzedRequest } from '../support/json-rpc-arbitrary.ts'
import { createStrangersServer, type Run } from '../support/strangers-server.ts'

const http = await openServer()
const resource = `${http.origin}/mcp`
const issuer = await startIssuer()
const callers = createCallerKinds(issuer, resource)

let runs: Run[] = []
let counts = { requests: 0, valid: 0, allowed: 0 }
const ran = (run: Run) => void runs.push(run)

const protect = (guardFor: (access: Access) => Guard) =>
  protectMcp(createStrangersServer(ran, guardFor), {
    issuer: issuer.issuer,
    resource,
    scopes: ['read', 'write', 'admin'],
    client: { id: 'mcp-server', secret: 'mcp-server-development-secret' },
    cacheSeconds: 300,
    anonymousStreams: 1_000_000,
    callerStreams: 1_000_000,
  })
const mcp = await protect(guard)
http.server.on('request', toNodeListener(mcp))

/** The SDK's own check, which lets a caller without AuthInfo through, with the mark of a guard that lets all in. */
const planted = await protect((access) => {
  if (access === 'public' || access.scopes.length === 0) return guard(access)
  const check = requireScopes(...(access.scopes as [string, ...string[]]))
  const scopeChallenge = Object.assign(check, { [Symbol.for('mcp-gatehouse.access')]: 'public' })
  return { ...guard(access), scopeChallenge }
})

afterAll(async () => {
  await mcp.close()
  await planted.close()
  await http.close()
  await issuer.stop()
})
beforeEach(() => {
  runs = []
  counts = { requests: 0, valid: 0, allowed: 0 }
})

type Send = (request: FuzzedRequest, caller: CallerKind) => Promise<Response>

function headersFor({ headers }: FuzzedRequest, { authorization }: CallerKind): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
    ...(authorization !== undefined && { authorization }),
  }
}
const inProcess =
  (server: ProtectedMcp): Send =>
  (request, caller) =>
    server.handle({
      request: new Request(resource, {
        method: 'POST',
        headers: { host: new URL(resource).host, ...headersFor(request, caller) },
      }),
      body: Buffer.from(request.body),
      address: '192.0.2.1',
    })
const overHttp: Send = (request, caller) =>
  fetch(resource, { method: 'POST', headers: headersFor(request, caller), body: Buffer.from(request.body) })

const statuses = [200, 202, 400, 401, 403, 404, 406, 415]

/** The whole answer, or the first event of a stream that stays open. */
async function readAnswer(response: Response, request: FuzzedRequest): Promise<string> {
  const staysOpen = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (!staysOpen || !String(request.body).includes('subscriptions/listen')) return response.text()
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return Buffer.from(value ?? []).toString()
}

/** The one invariant: no protected handler runs without a token that has its scopes. */
const invariant = (send: Send) =>
  fc.asyncProperty(fuzzedRequest, fc.constantFrom(...callers), async (request, caller) => {
    runs = []
    const response = await send(request, caller)
    const text = await readAnswer(response, request)
    for (const { needs, authInfo } of runs) {
      if (!caller.scopes) throw new Error(`A protected handler ran for the token: ${caller.name}`)
      expect(authInfo?.token).toBe(caller.token)
      for (const scope of needs) expect(caller.scopes).toContain(scope)
      for (const scope of needs) expect(authInfo?.scopes).toContain(scope)
    }
    expect(statuses).toContain(response.status)
    const everything = `${text} ${JSON.stringify([...response.headers])}`
    for (const { token } of callers) expect(token !== undefined && everything.includes(token)).toBe(false)
    counts.requests += 1
    if (request.isValidProtectedCall) counts.valid += 1
    if (request.isValidProtectedCall && runs.length > 0) counts.allowed += 1
  })

/** The property means something only when it judged real calls, of which some were let in. */
function expectMeaningful(): void {
  expect(counts.valid / counts.requests).toBeGreaterThan(0.3)
  expect(counts.allowed).toBeGreaterThan(counts.requests / 50)
  expect(counts.allowed).toBeLessThan(counts.valid / 2)
}

describe('35, 36: no handler of a protected tool, resource or prompt runs without a token that has its scopes', () => {
  it('whatever is sent', async () => {
    await fc.assert(invariant(inProcess(mcp)), { numRuns: 4000 })
    expectMeaningful()
  })

  it('whatever is sent over HTTP, and the server stays up', async () => {
    await fc.assert(invariant(overHttp), { numRuns: 500 })
    expectMeaningful()
    expect((await fetch(resource, { method: 'GET' })).status).toBe(405)
  })

  it('and this would be noticed: a guard that lets callers without AuthInfo through fails it', async () => {
    const { failed, errorInstance } = await fc.check(invariant(inProcess(planted)), { numRuns: 1000 })
    expect(failed).toBe(true)
    expect(String(errorInstance)).toContain('A protected handler ran for the token: nobody')
  })
})
