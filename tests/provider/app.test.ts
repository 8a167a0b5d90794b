import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createSigningKeys } from '../../provider/signing-keys.ts'
import { introspect, obtainTokens } from '../support/sign-in.ts'
import { type RunningProvider, startProvider } from '../support/start-provider.ts'

let running: RunningProvider
beforeAll(async () => {
  running = await startProvider()
})
afterAll(() => running.stop())

const newKeys = async () => ({ signing: await createSigningKeys(), cookies: [crypto.randomUUID()] })

describe('a change of keys', () => {
  it('shows at once, and what was issued before stays valid', async () => {
    const { body } = await obtainTokens(running, 'alice')
    const keys = await newKeys()
    running.server.useKeys(keys)
    const published = await (await fetch(`${running.issuer}/jwks`)).json()
    expect(published.keys).toEqual([expect.objectContaining({ kid: keys.signing.keys[0]?.kid })])
    expect((await introspect(running, body.access_token)).body).toMatchObject({ active: true })
  })
})
