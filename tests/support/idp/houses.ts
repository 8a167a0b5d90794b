import type { Caller } from '../access-matrix.ts'
import { openServer } from '../http-server.ts'
import { findFreePort } from '../programs.ts'
import { type Auth0Options, startAuth0 } from './auth0.ts'
import { type DocumentedProgram, documentedVariables } from './documented.ts'
import { type EntraOptions, startEntra } from './entra.ts'
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

/** Okta, as its page has it: people in groups, introspection with the service application. */
export async function openOkta({ mcp, client, ...options }: HouseOptions = {}): Promise<OpenedHouse> {
  const [at, redirectPort] = [await openServer(), await findFreePort()]
  const idp = await startOkta({ audience: `${at.origin}/mcp`, redirectPort, ...clockOf(options) })
  const { id, secret } = oktaClients.service
  return await opened(idp, {
    ...options,
    at,
    mcp: { ...(await page('okta', 'mcp')), RESOURCE_CLIENT_ID: id, RESOURCE_CLIENT_SECRET: secret, ...mcp },
    client: { ...(await page('okta', 'client')), REDIRECT_PORT: String(redirectPort), ...client },
  })
}

/** Auth0, as its page has it: the MCP server's URL is the API. */
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
    mcp: { ...(await page('auth0', 'mcp')), ...mcp },
    client: { ...(await page('auth0', 'client')), REDIRECT_PORT: String(redirectPort), ...client },
  })
}

/** Entra ID, as its page has it: people have app roles. */
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
    mcp: { ...(await page('entra', 'mcp')), ...mcp },
    client: { ...(await page('entra', 'client')), ...client },
  })
}

/** Google, as its page has it: people by address and domain. */
export async function openGoogle({
  mcp,
  client,
  ...options
}: HouseOptions = {}): Promise<OpenedHouse<GoogleStandIn>> {
  const idp = await startGoogle(clockOf(options))
  return await opened(idp, {
    ...options,
    at: await openServer(),
    mcp: { ...(await page('google', 'mcp')), INTROSPECTION_ENDPOINT: idp.tokenInfoEndpoint, ...mcp },
    client: { ...(await page('google', 'client')), CLIENT_SECRET: googleClient.secret, ...client },
  })
}

/** What the page has people type, but for where everybody is: the stand-in is on this machine. */
async function page(idp: string, program: DocumentedProgram): Promise<Readonly<Record<string, string>>> {
  const { ISSUER, RESOURCE, ...variables } = await documentedVariables(idp, program)
  return { IDP: idp, ...variables }
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
