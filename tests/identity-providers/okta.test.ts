import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { accessMatrix } from '../support/access-matrix.ts'
import { openServer } from '../support/http-server.ts'
import { oktaClients, startOkta } from '../support/idp/okta.ts'
import { type House, openHouse } from '../support/idp/open-house.ts'
import type { IdpStandIn } from '../support/idp/start-idp.ts'
import { findFreePort } from '../support/programs.ts'

const time = Date.now()
const now = () => time

async function open(
  env: Readonly<Record<string, string>>,
  scopesOf?: Parameters<typeof openHouse>[0]['scopesOf'],
): Promise<{ idp: IdpStandIn; house: House }> {
  const at = await openServer()
  const redirectPort = await findFreePort()
  const idp = await startOkta({ audience: `${at.origin}/mcp`, redirectPort, now })
  const client = { IDP: 'okta', CLIENT_ID: oktaClients.native, REDIRECT_PORT: String(redirectPort) }
  const mcp = { IDP: 'okta', ...env }
  return { idp, house: await openHouse({ idp, at, mcp, client, now, ...(scopesOf && { scopesOf }) }) }
}

const introspecting = {
  RESOURCE_CLIENT_ID: oktaClients.service.id,
  RESOURCE_CLIENT_SECRET: oktaClients.service.secret,
}
const groups = {
  SCOPE_TEMPLATE: 'mcp',
  SCOPE_CLAIM: 'groups',
  SCOPE_MAP: 'mcp-readers=read, mcp-writers=write, mcp-admins=admin',
}

describe.each([
  ['introspection', introspecting],
  ['jwt', { TOKEN_VALIDATION: 'jwt' }],
])('Okta with a groups claim, and validation by %s', (mode, env) => {
  let idp: IdpStandIn
  let house: House
  beforeAll(async () => {
    const opened = await open({ ...groups, ...env })
    idp = opened.idp
    house = opened.house
  })
  afterAll(async () => {
    await house.stop()
    await idp.stop()
  })

  it('validates that way', async () => {
    expect((await house.mcp.mcp.validation()).mode).toBe(mode)
  })

  it.each(Object.entries(accessMatrix))(
    '%s answers each account by its groups',
    async (tool, { outcome }) => {
      const seen = await house.outcomesOf(tool)
      expect(seen).toEqual(
        Object.fromEntries(
          Object.entries(outcome).map(([who, what]) => [who, what.replace(/^lacks .*/, 'lacks ')]),
        ),
      )
    },
  )
})
