import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { type ClientHome, makeClientHome, printedUrl } from '../support/client-process.ts'
import { type OpenedHouse, openEntra, openGoogle } from '../support/idp/houses.ts'
import { signInAtStandIn } from '../support/idp/sign-in-at-stand-in.ts'
import { killPrograms } from '../support/programs.ts'

let house: OpenedHouse | undefined
let home: ClientHome | undefined
afterEach(async () => {
  await home?.remove()
  await house?.stop()
})
afterAll(killPrograms)

describe('npm run client, as the page has it typed,', () => {
  it.each([
    ['Entra ID', openEntra, 'the access token lives until it expires', 'granted api://'],
    ['Google', openGoogle, 'The tokens are revoked', 'granted openid'],
  ])(
    'signs bob in at %s, reads, says what he may not do, and signs him out',
    async (_, open, end, granted) => {
      house = await open()
      home = await makeClientHome(house.environment.client)
      const login = home.run()
      await signInAtStandIn(new URL(await printedUrl(login)), 'bob')
      expect(await login.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(granted) })
      expect(await home.run('call', 'read_data', 'resource_id=doc1').ended).toMatchObject({ code: 0 })
      const { code, stderr } = await home.run('call', 'write_data', 'resource_id=x', 'content=y').ended
      expect([code, stderr]).toEqual([4, expect.stringContaining('This needs the scope write')])
      expect(await home.run('logout').ended).toMatchObject({ code: 0, stderr: expect.stringContaining(end) })
    },
  )
})
