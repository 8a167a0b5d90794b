import type { Caller } from '../access-matrix.ts'
import { openServer } from '../http-server.ts'
import { findFreePort } from '../programs.ts'
import { type Auth0Options, auth0Client, startAuth0 } from './auth0.ts'
import { type EntraOptions, entraAppIdUri, entraIds, startEntra } from './entra.ts'
import { type GoogleStandIn, googleClient, startGoogle } from './google.ts'
import { oktaClients, startOkta } from './okta.ts'
import { type House, openHouse } from './open-house.ts'
import type { IdpStandIn } from './start-idp.ts'

/** What a test sets besides what a vendor's page says. */
export interface HouseOptions {
  readonly mcp?: Readonly<Record<string, string>>
  readonly client?: Readonly<Record<string, string>>
  readonly scopesOf?: (caller: Caller) => readonly string[]
  readonly spoil?: (callback: URL) => void
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** A house, and the stand-in before it. */
export interface OpenedHouse<StandIn extends IdpStandIn = IdpStandIn> extends House {
  readonly idp: StandIn
}

/** Okta, introspecting with the service application. */
export async function openOkta({ mcp, client, ...options }: HouseOptions = {}): Promise<OpenedHouse> {
  const [at, redirectPort] = [await openServer(), await findFreePort()]
  const idp = await startOkta({ audience: `${at.origin}/mcp`, redirectPort, ...clockOf(options) })
  const { id, secret } = oktaClients.service
  return await opened(idp, {
    ...options,
    at,
    mcp: { IDP: 'okta', RESOURCE_CLIENT_ID: id, RESOURCE_CLIENT_SECRET: secret, ...mcp },
    client: { IDP: 'okta', CLIENT_ID: oktaClients.native, REDIRECT_PORT: String(redirectPort), ...client },
  })
}

/** Auth0, with the MCP server's URL as the API. */
export async function openAuth0({
  mcp,
  client,
  settings,
  ...options
}: HouseOptions & { readonly settings?: Partial<Auth0Options> } = {}): Promise<OpenedHouse> {
  const [at, redirectPort] = [await openServer(), await findFreePort()]
  const idp = await startAuth0({ api: `${at.origin}/mcp`, redirectPort, ...clockOf(options), ...settings })
  return await opened(idp, {
    ...options,
    at,
    mcp: { IDP: 'auth0', ...mcp },
    client: { IDP: 'auth0', CLIENT_ID: auth0Client, REDIRECT_PORT: String(redirectPort), ...client },
  })
}

/** Entra ID, with app roles. */
export async function openEntra({
  mcp,
  client,
  settings,
  ...options
}: HouseOptions & { readonly settings?: EntraOptions } = {}): Promise<OpenedHouse> {
  const idp = await startEntra({ ...clockOf(options), ...settings })
  return await opened(idp, {
    ...options,
    at: await openServer(),
    mcp: {
      IDP: 'entra',
      ACCEPTED_AUDIENCES: entraIds.api,
      SCOPE_TEMPLATE: `${entraAppIdUri}/access`,
      ...mcp,
    },
    client: { IDP: 'entra', CLIENT_ID: entraIds.client, ...client },
  })
}

/** Google. SCOPE_MAP is the test's own. */
export async function openGoogle({
  mcp,
  client,
  ...options
}: HouseOptions = {}): Promise<OpenedHouse<GoogleStandIn>> {
  const idp = await startGoogle(clockOf(options))
  return await opened(idp, {
    ...options,
    at: await openServer(),
    mcp: {
      IDP: 'google',
      ACCEPTED_AUDIENCES: googleClient.id,
      SCOPE_MAP: '@example.com=read',
      INTROSPECTION_ENDPOINT: idp.tokenInfoEndpoint,
      ...mcp,
    },
    client: { IDP: 'google', CLIENT_ID: googleClient.id, CLIENT_SECRET: googleClient.secret, ...client },
  })
}

async function opened<StandIn extends IdpStandIn>(
  idp: StandIn,
  options: Omit<Parameters<typeof openHouse>[0], 'idp'>,
): Promise<OpenedHouse<StandIn>> {
  const house = await openHouse({ ...options, idp })
  return {
    ...house,
    idp,
    async stop() {
      await house.stop()
      await idp.stop()
    },
  }
}

function clockOf({ now }: { readonly now?: () => number }): { now?: () => number } {
  return now ? { now } : {}
}
