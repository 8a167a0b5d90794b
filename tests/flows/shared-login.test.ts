import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Tokens } from '../../client/tokens.ts'
import { type ClientHome, makeClientHome, signInAt } from '../support/client-process.ts'
import { killPrograms } from '../support/programs.ts'
import { type RunningServers, startServers } from '../support/start-servers.ts'

let servers: RunningServers
let home: ClientHome
let tokenRequests = 0
let reached = Promise.withResolvers<void>()
let hold: Promise<void> | undefined
let holdAnswer = false

/** Counts requests to the token endpoint, and holds them, or their answers, up while `hold` is pending. */
async function before({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (method !== 'POST' || url !== '/token') return
  tokenRequests += 1
  if (!holdAnswer) {
    reached.resolve()
    await hold
    return
  }
  const end = response.end.bind(response) as (body?: unknown) => ServerResponse
  response.end = (body?: unknown) => {
    reached.resolve()
    void hold?.then(() => end(body))
    return response
  }
}

beforeAll(async () => {
  servers = await startServers({ provider: { before } })
})
afterAll(async () => {
  killPrograms()
  await servers.stop()
})
beforeEach(async () => {
  home = await makeClientHome({ RESOURCE: servers.resource })
  const login = home.run('login')
  await signInAt(login, 'alice')
  expect(await login.ended).toMatchObject({ code: 0 })
  const [held] = await home.store.tokens.list()
  await home.store.tokens.update(held as Tokens, async (tokens) => ({ ...(tokens as Tokens), expiresAt: 1 }))
  tokenRequests = 0
  reached = Promise.withResolvers()
  hold = undefined
  holdAnswer = false
})
afterEach(() => home.remove())

const whoami = () => home.run('whoami')
const good = { code: 0, stdout: expect.stringContaining('alice') }

/** Tokens of somebody else: whatever happens to ours, these stay. */
async function keepOthers(): Promise<Tokens> {
  const [held] = await home.store.tokens.list()
  const others: Tokens = { ...(held as Tokens), profile: 'work', expiresAt: 9_999_999_999 }
  await home.store.tokens.update(others, async () => others)
  return others
}

describe('processes that find the same expired token', () => {
  it('make one refresh between five of them, and all are served', async () => {
    const endings = await Promise.all(Array.from({ length: 5 }, () => whoami().ended))
    expect(endings).toEqual(Array.from({ length: 5 }, () => expect.objectContaining(good)))
    expect(tokenRequests).toBe(1)
  })

  it('lose nothing when one that waits is killed with kill -9', async () => {
    const release = Promise.withResolvers<void>()
    hold = release.promise
    const refreshing = whoami()
    await reached.promise
    const [killed, waiting] = [whoami(), whoami()]
    await Promise.all([killed.wrote(/waiting for it/), waiting.wrote(/waiting for it/)])
    await killed.stop('SIGKILL')
    release.resolve()
    expect([await refreshing.ended, await waiting.ended]).toEqual([
      expect.objectContaining(good),
      expect.objectContaining(good),
    ])
    expect(tokenRequests).toBe(1)
  })

  it('need one new login at most when the one that refreshes is killed with kill -9, and lose nothing else', async () => {
    const others = await keepOthers()
    const release = Promise.withResolvers<void>()
    hold = release.promise
    holdAnswer = true
    const refreshing = whoami()
    await reached.promise
    await refreshing.stop('SIGKILL') // the refresh token is used up, and nobody has the new one
    release.resolve()
    holdAnswer = false
    const next = whoami()
    await signInAt(next, 'alice')
    expect(await next.ended).toMatchObject(good)
    expect(await whoami().ended).toMatchObject({ ...good, stderr: '' })
    expect(await home.store.tokens.read(others)).toEqual(others)
  })
})
