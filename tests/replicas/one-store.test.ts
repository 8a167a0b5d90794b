import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { testAccounts } from '../../config/index.ts'
import { createProofKey } from '../support/dpop-proof.ts'
import type { LightAnswer, LightClient } from '../support/light-client.ts'
import {
  authorizationParameters,
  isActive,
  lightRevoke,
  lightSignIn,
  obtainTokens,
  type Person,
  redemption,
  refreshing,
  type Tokens,
  UnexpectedAnswer,
  visit,
} from '../support/light-sign-in.ts'
import { killPrograms } from '../support/programs.ts'
import { describeWithProxy } from '../support/proxies.ts'
import { describeWithStores } from '../support/real-stores.ts'
import { type Replicas, startReplicas } from '../support/replicas.ts'

const alice = testAccounts[0] as Person
const proxies = { Postgres: 'haproxy', Redis: 'nginx' } as const

afterAll(killPrograms)

describeWithStores('three replicas', (store) => {
  const proxy = proxies[store.name]
  describeWithProxy(proxy, `behind ${proxy}`, () => {
    let replicas: Replicas
    let throughProxy: LightClient
    /** Replica number `index`, counted round. */
    const at = (index: number) => replicas.all[index % replicas.all.length]?.client as LightClient
    beforeAll(async () => {
      replicas = await startReplicas(proxy, { count: 3, store })
      throughProxy = replicas.connect()
    })
    afterAll(() => replicas?.stop())

    const signInAt = async (client: LightClient) =>
      obtainTokens(client, redemption(await lightSignIn(client, alice)))

    /** Sends the same form 25 times at once, to all replicas in turn. */
    async function race(fields: Record<string, string>) {
      const answers = await Promise.all(
        Array.from({ length: 25 }, (_, index) =>
          at(index).send({ path: '/token', form: new URLSearchParams(fields) }),
        ),
      )
      return outcome(answers)
    }

    it('sign in on one, redeem on another, refresh on a third, introspect and revoke anywhere', async () => {
      const tokens = await obtainTokens(at(1), redemption(await lightSignIn(at(0), alice)))
      const renewed = await obtainTokens(at(2), refreshing(tokens.refresh_token))
      expect(await isActive(at(0), renewed.access_token)).toBe(true)
      await lightRevoke(at(1), renewed.refresh_token)
      for (const index of [0, 1, 2]) expect(await isActive(at(index), renewed.access_token)).toBe(false)
    })

    it('show the pages of one sign-in in turn: the proxy sends each request to the next one', async () => {
      for (let time = 0; time < 3; time += 1) {
        const { access_token: token } = await signInAt(throughProxy)
        expect(await isActive(throughProxy, token)).toBe(true)
      }
    })

    it('publish the same keys', async () => {
      const documents = await Promise.all([0, 1, 2].map((index) => at(index).send({ path: '/jwks' })))
      expect(documents[0]?.status).toBe(200)
      expect(JSON.parse(documents[0]?.body ?? '').keys.length).toBeGreaterThan(0)
      expect(new Set(documents.map(({ body }) => body)).size).toBe(1)
    })

    it('redeem a code once of 25 times at once, and the replay ends the grant (attack 17)', async () => {
      const { granted, refused } = await race(redemption(await lightSignIn(throughProxy, alice)))
      expect([granted.length, refused]).toEqual([1, 24])
      expect(await isActive(at(0), granted[0]?.access_token ?? '')).toBe(false)
    })

    it('leave a grant alone when its code comes back with another verifier (attack 17)', async () => {
      const code = await lightSignIn(at(0), alice)
      const tokens = await obtainTokens(at(1), redemption(code))
      const stolen = { ...code, verifier: 'a'.repeat(43) }
      expect(await refusal(obtainTokens(at(2), redemption(stolen)))).toContain('invalid_grant')
      expect(await isActive(at(0), tokens.access_token)).toBe(true)
      expect(await refusal(obtainTokens(at(2), redemption(code)))).toContain('invalid_grant')
      expect(await isActive(at(0), tokens.access_token)).toBe(false)
    })

    it('use a refresh token once of 25 times at once, and its family ends (attack 18)', async () => {
      const tokens = await signInAt(throughProxy)
      const { granted, refused } = await race(refreshing(tokens.refresh_token))
      expect([granted.length, refused]).toEqual([1, 24])
      const [winner] = granted as [Tokens]
      expect(await isActive(at(0), tokens.access_token)).toBe(false)
      expect(await isActive(at(1), winner.access_token)).toBe(false)
      expect(await refusal(obtainTokens(at(2), refreshing(winner.refresh_token)))).toContain('invalid_grant')
    })

    it('answer a pushed request once, however many browsers bring it', async () => {
      const form = new URLSearchParams(authorizationParameters('v'.repeat(43)))
      const pushed = await at(0).send({ path: '/par', form })
      expect(pushed.status).toBe(201)
      const query = new URLSearchParams({
        client_id: 'test-client',
        request_uri: JSON.parse(pushed.body).request_uri,
      })
      const codes = await Promise.allSettled(
        [0, 1, 2, 3].map((index) => visit(at(index), `/authorize?${query}`, alice)),
      )
      expect(codes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('accept a DPoP proof once (attack 23)', async () => {
      const key = await createProofKey()
      const prove = () => key.prove({ url: `${replicas.issuer}/token`, token: '' }, { ath: undefined })
      const redeem = async (client: LightClient, dpop: string) => {
        const form = new URLSearchParams(redemption(await lightSignIn(client, alice)))
        return (await client.send({ path: '/token', form, headers: { dpop } })).status
      }
      const proof = await prove()
      expect(await redeem(at(0), proof)).toBe(200)
      expect(await redeem(at(1), proof)).toBe(400)
      expect(await redeem(at(2), await prove())).toBe(200)
    })

    it('remember what was used when all of them are killed and started again (attack 18)', async () => {
      const tokens = await signInAt(throughProxy)
      const renewed = await obtainTokens(at(0), refreshing(tokens.refresh_token))
      await Promise.all(replicas.all.map((replica) => replica.kill()))
      await Promise.all(replicas.all.map((replica) => replica.start()))
      expect(await isActive(at(0), renewed.access_token)).toBe(true)
      expect(await refusal(obtainTokens(at(1), refreshing(tokens.refresh_token)))).toContain('invalid_grant')
      expect(await refusal(obtainTokens(at(2), refreshing(renewed.refresh_token)))).toContain('invalid_grant')
      expect(await isActive(at(0), renewed.access_token)).toBe(false)
    })
  })
})

function outcome(answers: readonly LightAnswer[]) {
  return {
    granted: answers.filter(({ status }) => status === 200).map(({ body }): Tokens => JSON.parse(body)),
    refused: answers.filter(({ status, body }) => status === 400 && body.includes('"invalid_grant"')).length,
  }
}

/** What an answer says that must be a refusal. */
async function refusal(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(
    () => 'granted',
    (reason: unknown) => reason,
  )
  return error instanceof UnexpectedAnswer ? error.message : String(error)
}
