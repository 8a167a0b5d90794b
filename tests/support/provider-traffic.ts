import { expect } from '@jest/globals'
import { introspect, type JsonAnswer, obtainTokens, post, refresh } from './sign-in.ts'
import type { RunningProvider } from './start-provider.ts'
import { until } from './until.ts'

/** Requests that read and write, for tests that break the store in between. */
export interface ProviderTraffic {
  /** A request that writes and needs nothing. */
  push(): Promise<number>
  /** A refresh with the token of the moment, which writes the most. */
  redeem(): Promise<number>
  /** Requires that every request answers 5xx now, the ones that only read included. */
  expectTrouble(): Promise<void>
  /** Asks until it works, and requires every answer before to be 5xx; then the tokens of before are good. */
  untilWorking(): Promise<void>
}

/** Signs a user in, and keeps the tokens for what follows. */
export async function startTraffic(running: RunningProvider): Promise<ProviderTraffic> {
  const { body } = await obtainTokens(running, 'alice', { scope: 'read offline_access', prompt: 'consent' })
  let refreshToken = body.refresh_token
  const push = async () =>
    (
      await post(`${running.issuer}/par`, {
        response_type: 'code',
        redirect_uri: 'http://127.0.0.1/callback',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
        client_id: running.config.client.id,
      })
    ).status
  const orTrouble = async (answer: Promise<JsonAnswer>, good: (answer: JsonAnswer) => boolean) => {
    const given = await answer
    if (!good(given)) expect(given.status).toBeGreaterThanOrEqual(500)
    return good(given)
  }
  return {
    push,
    async redeem() {
      const renewed = await refresh(running, refreshToken)
      if (renewed.status === 200) refreshToken = renewed.body.refresh_token
      return renewed.status
    },
    async expectTrouble() {
      const statuses = await Promise.all([
        push(),
        introspect(running, body.access_token).then(({ status }) => status),
        introspect(running, 'never-issued').then(({ status }) => status),
        post(`${running.issuer}/revoke`, {
          token: String(body.access_token),
          client_id: running.config.client.id,
        }).then(({ status }) => status),
      ])
      for (const status of statuses) expect(status).toBeGreaterThanOrEqual(500)
    },
    async untilWorking() {
      let refusal: unknown
      await until(async () => {
        try {
          const active = (answer: JsonAnswer) => answer.status === 200 && answer.body.active === true
          return (
            (await orTrouble(introspect(running, body.access_token), active)) &&
            (await orTrouble(
              push().then((status) => ({ status, headers: new Headers(), body: {} })),
              ({ status }) => status === 201,
            ))
          )
        } catch (error) {
          refusal = error
          return true
        }
      })
      if (refusal) throw refusal
      const renewed = await refresh(running, refreshToken)
      expect(renewed.status).toBe(200)
      refreshToken = renewed.body.refresh_token
    },
  }
}
