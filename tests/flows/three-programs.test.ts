import { stat } from 'node:fs/promises'
import { afterAll, expect, it } from '@jest/globals'
import { makeClientHome, signInAt } from '../support/client-process.ts'
import { findFreePort, killPrograms, startProgram } from '../support/programs.ts'

afterAll(killPrograms)

it('three programs, each in its terminal, do together what the documentation shows', async () => {
  const [providerPort, mcpPort] = [await findFreePort(), await findFreePort()]
  const env = {
    ISSUER: `http://localhost:${providerPort}`,
    RESOURCE: `http://localhost:${mcpPort}/mcp`,
    LOG_LEVEL: 'warn',
  }
  const provider = startProgram('provider/main.ts', { ...env, PORT: String(providerPort) })
  await provider.wrote(/test accounts +alice \/ password123.*\nCtrl-C stops it/)
  const mcp = startProgram('resource-server/main.ts', { ...env, PORT: String(mcpPort) })
  await mcp.wrote(/validation +introspection: /)
  const home = await makeClientHome(env)

  const first = home.run()
  await signInAt(first, 'alice')
  const { code, stdout } = await first.ended
  expect(code).toBe(0)
  expect(stdout).toContain('signed in, granted read write')
  expect(stdout).toMatch(/admin_operation operation=… +admin \(not held\)/)
  expect((await stat(home.tokenFile)).mode & 0o777).toBe(0o600)

  const read = await home.run('call', 'read_data', 'resource_id=doc1').ended
  expect(read).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^content +Welcome/m) })
  const whoami = await home.run('whoami').ended
  expect(whoami).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^username +alice$/m) })
  expect(await home.run('logout').ended).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Signed out. The tokens are revoked.\n',
  })
  expect(await home.run('tools').ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('not signed in'),
  })

  await home.remove()
  expect(await mcp.stop()).toMatchObject({ code: 0, stderr: '' })
  expect(await provider.stop()).toMatchObject({ code: 0, stderr: '' })
})
