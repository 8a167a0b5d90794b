import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { stop } from '../../../runtime/shutdown.ts'
import { openServer, type TestServer } from '../../support/http-server.ts'
import { type IssuerStandIn, startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool } from '../../support/mcp-request.ts'
import { openStream } from '../../support/mcp-stream.ts'
import { type RunningResourceServer, startResourceServer } from '../../support/start-resource-server.ts'

let at: TestServer
let issuer: IssuerStandIn
let server: RunningResourceServer
beforeEach(async () => {
  at = await openServer()
  issuer = await startIssuer()
  server = await startResourceServer({ issuer: issuer.issuer, at })
})
afterEach(async () => {
  await server.mcp.close()
  await issuer.stop()
})

it('stop: a call in flight is answered, and nobody new is let in', async () => {
  issuer.fail('hang', ['introspection'])
  const token = issuer.issue(server.resource)
  const inFlight = callTool(server.resource, 'get_user_profile', {}, { token })
  await issuer.reached('introspection', 1)
  const stopped = stop(at.server)
  await expect(callTool(server.resource, 'public_info')).rejects.toThrow('fetch failed')
  await issuer.heal()
  const { status, body } = await inFlight
  expect([status, body.result?.isError]).toEqual([200, undefined])
  await stopped
})

it('stop: open streams end, so that they hold nobody up', async () => {
  const token = issuer.issue(server.resource)
  const streams = await Promise.all([
    openStream(server.resource, { toolsListChanged: true }),
    openStream(server.resource, { toolsListChanged: true }, { token }),
  ])
  const stopped = stop(at.server)
  server.mcp.endStreams()
  await Promise.all(streams.map(({ ended }) => ended))
  await stopped
})

it('stop: what does not end in time is cut', async () => {
  issuer.fail('hang', ['introspection'])
  const token = issuer.issue(server.resource)
  const inFlight = callTool(server.resource, 'get_user_profile', {}, { token })
  const outcome = inFlight.catch((error: Error) => error.message)
  await issuer.reached('introspection', 1)
  await stop(at.server, 10)
  expect(await outcome).toBe('fetch failed')
})
