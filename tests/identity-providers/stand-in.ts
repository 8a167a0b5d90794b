import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix, outcomeOf } from '../support/access-matrix.ts'
import { bannerOf } from '../support/idp/banner-of.ts'
import type { OpenedHouse } from '../support/idp/houses.ts'
import { callTool, contentOf } from '../support/mcp-request.ts'
import { killPrograms } from '../support/programs.ts'

/** @param now Unix milliseconds */
type Open = (now: () => number) => Promise<OpenedHouse>

/** A vendor's stand-in, and the real client and MCP server at it, for the tests of one `describe`. */
export interface StandIn {
  /** Within tests. */
  readonly house: OpenedHouse
  /** What the MCP server answers a protected call with that token. */
  statusOf(accessToken: string | undefined): Promise<number>
  /** Moves everybody's clock. */
  pass(seconds: number): void
}

/** Opens it before the tests, and closes it after them. */
export function openBeforeAll(open: Open): StandIn {
  let time = Date.now()
  let house: OpenedHouse
  beforeAll(async () => {
    house = await open(() => time)
  })
  afterAll(async () => {
    killPrograms()
    await house.stop()
  })
  return {
    get house() {
      return house
    },
    statusOf: async (token = '') =>
      (await callTool(house.mcp.resource, 'get_user_profile', {}, { token })).status,
    pass(seconds) {
      time += seconds * 1000
    },
  }
}

/** What is particular to one vendor, set up in one way. */
export interface StandInOptions {
  readonly title: string
  readonly open: Open
  readonly validation: 'introspection' | 'jwt' | 'tokeninfo'
  /** How people come by scopes: “answers each account by its groups”. */
  readonly scopesBy: string
  /** The vendor's word for a scope. Default: the same. */
  readonly wireScope?: (scope: string) => string
  /** Whether signing in again brings what was not asked for at first. */
  readonly stepsUp: boolean
  /** What `get_user_profile` says of alice, besides the issuer. */
  readonly profile: Readonly<Record<string, unknown>>
  /** Whether refreshing brings a new refresh token. */
  readonly rotates: boolean
  readonly signOut: 'revoked' | 'forgotten'
  /** What `npm run mcp` says of it. Default: that is left to another case of the same vendor. */
  readonly banner?: readonly string[]
}

/**
 * What the real client and the real MCP server do at each vendor.
 * @param describeMore the vendor's own tests, at the same stand-in
 */
export function describeStandIn(options: StandInOptions, describeMore?: (standIn: StandIn) => void): void {
  describe(options.title, () => {
    const standIn = openBeforeAll(options.open)
    describeCalls(standIn, options)
    describeMore?.(standIn)
  })
  // The clock moves there, and leaves tokens behind that have expired.
  describe(`a token of ${options.title}`, () => describeTokens(openBeforeAll(options.open), options))
}

function describeCalls(standIn: StandIn, options: StandInOptions): void {
  const { validation, scopesBy, wireScope = same, banner } = options

  it(`validates by ${validation}`, async () => {
    expect((await standIn.house.mcp.mcp.validation()).mode).toBe(validation)
  })

  it.each(Object.entries(accessMatrix))(`%s answers each account ${scopesBy}`, async (tool, { outcome }) => {
    const words = Object.entries(outcome).map(([caller, what]) => [
      caller,
      what.replace(/(?<=^lacks ).*/, wireScope),
    ])
    expect(await standIn.house.outcomesOf(tool)).toEqual(Object.fromEntries(words))
  })

  it('says who calls', async () => {
    const { house } = standIn
    const { client } = await house.enter('alice')
    const token = (await client.authorization.tokens())?.accessToken ?? ''
    const profile = contentOf(await callTool(house.mcp.resource, 'get_user_profile', {}, { token }))
    expect(profile).toMatchObject({ iss: house.idp.issuer, ...options.profile })
  })

  if (options.stepsUp) {
    it('steps up when a tool needs more than was asked for at first', async () => {
      const client = standIn.house.createClient('alice')
      await client.authorization.signIn(leastScopes(options))
      const session = await client.connect()
      expect(await outcomeOf(client, session, 'write_data')).toBe('ok')
      await session.close()
      expect(client.signIns()).toBe(2)
    })
  } else {
    it('sends nobody to sign in again for what no sign-in brings', async () => {
      const { client, session } = await standIn.house.enter('bob')
      expect(await outcomeOf(client, session, 'write_data')).toBe('lacks write')
      expect(client.signIns()).toBe(1)
    })
  }

  if (banner) {
    it('has an MCP server that says at its start what is different', async () => {
      const said = await bannerOf(standIn.house.environment.mcp)
      for (const line of banner) expect(said).toContain(line)
    })
  }
}

function describeTokens(standIn: StandIn, options: StandInOptions): void {
  const { validation, rotates, signOut } = options

  it(`is renewed when it expires, with ${rotates ? 'a new' : 'the same'} refresh token, without asking the user`, async () => {
    const client = standIn.house.createClient('alice')
    const before = await client.authorization.signIn(leastScopes(options))
    standIn.pass(3615)
    expect(await standIn.statusOf(before.accessToken)).toBe(401)
    const after = await client.authorization.refresh()
    expect(await standIn.statusOf(after?.accessToken)).toBe(200)
    expect(after?.refreshToken).toBeDefined()
    expect(after?.refreshToken !== before.refreshToken).toBe(rotates)
    expect(client.signIns()).toBe(1)
  })

  const isNoticed = validation !== 'jwt'
  it(`is ${signOut} when somebody signs out, and refused ${isNoticed ? 'once the cache has forgotten it' : 'when it expires'}`, async () => {
    const client = standIn.house.createClient('alice')
    const { accessToken } = await client.authorization.signIn(leastScopes(options))
    expect(await standIn.statusOf(accessToken)).toBe(200)
    expect(await client.signOut()).toBe(signOut)
    standIn.pass(isNoticed ? 10 : 3600)
    expect(await standIn.statusOf(accessToken)).toBe(isNoticed ? 401 : 200)
    standIn.pass(isNoticed ? 3605 : 15)
    expect(await standIn.statusOf(accessToken)).toBe(401)
  })
}

/** Where signing in again brings more, a sign-in that asks for everything may be refused. */
function leastScopes({ stepsUp, wireScope = same }: StandInOptions): { scopes?: readonly string[] } {
  return stepsUp ? { scopes: [wireScope('read')] } : {}
}

function same(scope: string): string {
  return scope
}
