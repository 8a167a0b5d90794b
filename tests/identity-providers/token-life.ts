import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { Tokens } from '../../client/tokens.ts'
import { callTool } from '../support/mcp-request.ts'
import { post } from '../support/sign-in.ts'
import type { RunningResourceServer } from '../support/start-resource-server.ts'
import type { Harness } from './harness.ts'

/** What is particular to one identity provider. */
export interface TokenLifeOptions {
  readonly title: string
  readonly harness: Harness
  readonly tokenEndpoint: string
  /** As the user's account page, or another client of theirs, would: this client is not told. */
  readonly revoke: (token: string) => Promise<void>
  /** The client whose tokens are JWTs. Default `test-client`. */
  readonly jwtClientId?: string
  /** Gets an ID token of alice. Default: with the scope `openid`, by a refresh of `test-client`. */
  readonly obtainIdToken?: () => Promise<string>
  /** Whether access tokens end when their refresh token is revoked. */
  readonly endsWithGrant: boolean
  /** How `client.signOut()` ends. */
  readonly signOut: 'revoked' | 'forgotten'
}

const cacheSeconds = 10

/** How far clocks may be apart when signatures are verified, in seconds. */
const toleranceSeconds = 15

/** What becomes of tokens: renewed, revoked, used twice, of the wrong kind. */
export function describeTokenLife(options: TokenLifeOptions): void {
  const { title, harness, tokenEndpoint, revoke, jwtClientId = 'test-client' } = options
  const { createClient, startMcp, startSibling } = harness
  let time = Date.now()
  let introspecting: RunningResourceServer
  let verifying: RunningResourceServer

  async function signIn(username: string, clientId = 'test-client') {
    const client = createClient(username, { clientId, now: () => Math.floor(time / 1000) })
    return { client, tokens: await client.authorization.signIn() }
  }

  /** What the MCP server answers to that token, introspecting or not. */
  async function statusOf(token: string | undefined, { resource: url } = introspecting): Promise<number> {
    return (await callTool(url, 'get_user_profile', {}, { token: String(token) })).status
  }

  const refresh = ({ refreshToken, clientId }: Tokens) =>
    post(tokenEndpoint, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: String(refreshToken),
    })

  async function obtainIdToken(): Promise<string> {
    const { authorization } = createClient('alice')
    const { body } = await refresh(await authorization.signIn({ scopes: ['openid', 'read'] }))
    return String(body.id_token)
  }

  describe(`a token of ${title}`, () => {
    beforeEach(() => {
      time = Date.now()
    })
    beforeAll(async () => {
      const now = () => time
      introspecting = await startMcp({ INTROSPECTION_CACHE_SECONDS: String(cacheSeconds) }, { now })
      verifying = await startSibling({ TOKEN_VALIDATION: 'jwt' }, { now })
    })
    afterAll(async () => {
      await introspecting.stop()
      await verifying.stop()
    })

    it('is renewed by the client when it expires, without asking the user, with the scopes that it had', async () => {
      const { client, tokens } = await signIn('alice')
      time += 3600 * 1000
      const renewed = await client.authorization.refresh()
      expect(client.signIns()).toBe(1)
      expect(renewed?.accessToken).not.toBe(tokens.accessToken)
      expect(renewed?.refreshToken).not.toBe(tokens.refreshToken)
      expect(renewed?.scopes).toEqual(tokens.scopes)
    })

    it('that is renewed is as good as the first', async () => {
      const { client } = await signIn('alice')
      const renewed = await client.authorization.refresh()
      expect(await statusOf(renewed?.accessToken)).toBe(200)
    })

    it('that is revoked while it is cached is believed for the cache’s time, and not a moment longer', async () => {
      const { tokens } = await signIn('alice')
      expect(await statusOf(tokens.accessToken)).toBe(200)
      await revoke(tokens.accessToken)
      time += cacheSeconds * 1000 - 1
      expect(await statusOf(tokens.accessToken)).toBe(200)
      time += 1
      expect(await statusOf(tokens.accessToken)).toBe(401)
    })

    it('that is revoked before its first use is never believed', async () => {
      const { tokens } = await signIn('alice')
      await revoke(tokens.accessToken)
      expect(await statusOf(tokens.accessToken)).toBe(401)
    })

    it('that is revoked and verified by its signature is believed until it expires', async () => {
      const { tokens } = await signIn('bob', jwtClientId)
      await revoke(tokens.accessToken)
      expect(await statusOf(tokens.accessToken, verifying)).toBe(200)
      const { exp = 0 } = decodeJwt(tokens.accessToken)
      time = (exp + toleranceSeconds - 1) * 1000
      expect(await statusOf(tokens.accessToken, verifying)).toBe(200)
      time += 1_000
      expect(await statusOf(tokens.accessToken, verifying)).toBe(401)
    })

    const afterwards = options.endsWithGrant ? 'ends' : 'lives on'
    it(`${afterwards} when its refresh token is revoked, and cannot be renewed`, async () => {
      const { tokens } = await signIn('bob')
      await revoke(tokens.refreshToken ?? '')
      expect(await statusOf(tokens.accessToken)).toBe(options.endsWithGrant ? 401 : 200)
      expect((await refresh(tokens)).status).toBe(400)
    })

    it('18: of a refresh token that was used twice is worth nothing any more', async () => {
      const { client, tokens } = await signIn('bob')
      const renewed = (await client.authorization.refresh()) as Tokens
      expect((await refresh(tokens)).status).toBe(400)
      expect((await refresh(renewed)).status).toBe(400)
    })

    it(`is ${options.signOut} by signing out, and the next call asks the user again`, async () => {
      const { client, tokens } = await signIn('alice')
      expect(await client.signOut()).toBe(options.signOut)
      expect(await statusOf(tokens.accessToken)).toBe(options.signOut === 'revoked' ? 401 : 200)
      const session = await client.connect()
      await session.callTool({ name: 'get_user_profile' })
      await session.close()
      expect(client.signIns()).toBe(2)
    })

    it('33: is not an ID token: one for the same user is refused in both ways', async () => {
      const idToken = await (options.obtainIdToken ?? obtainIdToken)()
      expect(decodeJwt(idToken)).toMatchObject({ iss: harness.issuer })
      expect(await statusOf(idToken)).toBe(401)
      expect(await statusOf(idToken, verifying)).toBe(401)
    })

    it('33: is not a refresh token: that one is refused in both ways', async () => {
      const { tokens } = await signIn('alice')
      expect(await statusOf(tokens.refreshToken)).toBe(401)
      expect(await statusOf(tokens.refreshToken, verifying)).toBe(401)
    })
  })
}
