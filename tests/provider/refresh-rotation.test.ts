import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createStorageOver } from '../../provider/storage/create-storage-over.ts'
import { MemoryStore } from '../../provider/storage/memory-store.ts'
import type { Storage } from '../../provider/storage/storage.ts'
import { registerClient } from '../support/account-page.ts'
import { createProofKey, type ProofKey } from '../support/dpop-proof.ts'
import {
  authorizationRequest,
  Browser,
  basic,
  introspect,
  obtainTokens,
  post,
  refresh,
  signIn,
} from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

const offline = { scope: 'read offline_access', prompt: 'consent' }

/** A storage that fails to write after some more writes. */
function failingStorage(): Storage & { writesLeft: number } {
  const storage = createStorageOver(new MemoryStore())
  const failing = Object.assign({ ...storage }, { writesLeft: Number.POSITIVE_INFINITY })
  const write = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    if (failing.writesLeft === 0) throw new Error('disk full')
    failing.writesLeft -= 1
    return act()
  }
  failing.set = (...entry) => write(() => storage.set(...entry))
  failing.add = (...entry) => write(() => storage.add(...entry))
  return failing
}

let running: RunningProvider
afterEach(() => running.stop())

describe('a refresh', () => {
  let storage: ReturnType<typeof failingStorage>
  beforeEach(async () => {
    storage = failingStorage()
    running = await startProvider({ storage })
  })

  it('that the store fails to write changes nothing, whichever write it is: the retry is no replay (attack 0g)', async () => {
    for (const writes of [0, 1, 2]) {
      const { body } = await obtainTokens(running, 'alice', offline)
      storage.writesLeft = writes
      const first = await refresh(running, body.refresh_token)
      storage.writesLeft = Number.POSITIVE_INFINITY
      expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
      const current = first.status === 200 ? first.body.refresh_token : body.refresh_token
      expect(first.status).toBe(writes === 0 ? 500 : 200)
      const next = await refresh(running, current)
      expect(next.status).toBe(200)
      expect((await introspect(running, next.body.access_token)).body).toMatchObject({ active: true })
    }
  })

  it('of a registered client is answered, whatever becomes of noting that the client was used', async () => {
    const { client_id, redirect_uri } = await registerClient(running, 'Helper', 'helper.example')
    const params = { ...offline, client_id, redirect_uri }
    const { body } = await obtainTokens(running, 'alice', params)
    const { set } = storage
    storage.set = (key, ...rest) =>
      key.startsWith('Client') ? Promise.reject(new Error('disk full')) : set(key, ...rest)
    await storage.delete(`ClientUse:${client_id}`)
    const provider = running
    running = await startProvider({ storage })
    await provider.stop()
    const answer = await refresh(running, body.refresh_token, { client_id })
    expect(answer).toMatchObject({ status: 200, body: { refresh_token: expect.any(String) } })
  })

  it('succeeds once of 25 at once, and the family dies (attack 18)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const answers = await Promise.all(Array.from({ length: 25 }, () => refresh(running, body.refresh_token)))
    const winners = answers.filter(({ status }) => status === 200)
    expect(winners).toHaveLength(1)
    expect(answers.filter(({ body: answer }) => answer.error === 'invalid_grant')).toHaveLength(24)
    expect((await introspect(running, winners[0]?.body.access_token)).body).toEqual({ active: false })
    expect((await refresh(running, winners[0]?.body.refresh_token)).body).toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('is not forgiven a public client, and not by default (crash in mid-rotation)', async () => {
    const { body } = await obtainTokens(running, 'alice', offline)
    const first = await refresh(running, body.refresh_token)
    expect((await refresh(running, body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await introspect(running, first.body.access_token)).body).toEqual({ active: false })
  })
})

describe('with REFRESH_GRACE_SECONDS, a retry whose first answer was lost (crash in mid-rotation)', () => {
  let key: ProofKey
  const start = async (env: Record<string, string> = {}) => {
    running = await startProvider({ env: { REFRESH_GRACE_SECONDS: '30', ...env } })
    key = await createProofKey()
  }
  const proof = async () => {
    const url = `${running.issuer}/token`
    return { dpop: await key.prove({ url, token: '' }, { ath: undefined }) }
  }
  const bound = async () => {
    const request = authorizationRequest(running, offline)
    const redirect = await signIn(new Browser(), request, 'alice')
    const fields = {
      grant_type: 'authorization_code',
      client_id: request.clientId,
      code: redirect.searchParams.get('code') ?? '',
      redirect_uri: request.redirectUri,
      code_verifier: request.codeVerifier,
    }
    return post(`${running.issuer}/token`, fields, await proof())
  }
  const use = async (token: unknown) =>
    post(
      `${running.issuer}/token`,
      { grant_type: 'refresh_token', client_id: running.config.client.id, refresh_token: String(token) },
      await proof(),
    )

  it('gets new tokens for a DPoP-bound client, and uses up those that were lost', async () => {
    await start()
    const { body } = await bound()
    const lost = await use(body.refresh_token)
    expect(lost.status).toBe(200)
    const retried = await use(body.refresh_token)
    expect(retried.status).toBe(200)
    expect(retried.body.refresh_token).not.toBe(lost.body.refresh_token)
    const again = await use(body.refresh_token)
    expect(again.status).toBe(200)
    expect((await use(again.body.refresh_token)).status).toBe(200)
  })

  it('ends the grant when the tokens were not lost but used', async () => {
    await start()
    const { body } = await bound()
    const first = await use(body.refresh_token)
    const second = await use(first.body.refresh_token)
    expect(second.status).toBe(200)
    expect((await use(body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
    expect((await use(second.body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('gets new tokens for a client with a secret', async () => {
    await start({ CLIENT_SECRET: 'a-secret-of-the-client' })
    const { client } = running.config
    const headers = basic({ id: client.id, secret: 'a-secret-of-the-client' })
    const request = authorizationRequest(running, offline)
    const redirect = await signIn(new Browser(), request, 'alice')
    const { body } = await post(
      `${running.issuer}/token`,
      {
        grant_type: 'authorization_code',
        code: redirect.searchParams.get('code') ?? '',
        redirect_uri: request.redirectUri,
        code_verifier: request.codeVerifier,
      },
      headers,
    )
    const fields = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
    expect((await post(`${running.issuer}/token`, fields, headers)).status).toBe(200)
    expect((await post(`${running.issuer}/token`, fields, headers)).status).toBe(200)
  })

  it('is a replay for a public client', async () => {
    await start()
    const { body } = await obtainTokens(running, 'alice', offline)
    expect((await refresh(running, body.refresh_token)).status).toBe(200)
    expect((await refresh(running, body.refresh_token)).body).toMatchObject({ error: 'invalid_grant' })
  })

  it('needs a proof of its own, with the key that the token is bound to (attack 23)', async () => {
    await start()
    const { body } = await bound()
    const used = await proof()
    const fields = { grant_type: 'refresh_token', client_id: running.config.client.id }
    const send = (token: unknown) =>
      post(`${running.issuer}/token`, { ...fields, refresh_token: String(token) }, used)
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(body.refresh_token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const current = answers.find(({ status }) => status === 200)?.body.refresh_token
    key = await createProofKey()
    expect((await use(current)).body).toMatchObject({ error: 'invalid_grant' })
  })
})
