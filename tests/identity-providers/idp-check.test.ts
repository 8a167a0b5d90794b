import { afterEach, describe, expect, it } from '@jest/globals'
import { type OpenedHouse, openAuth0, openEntra, openGoogle, openOkta } from '../support/idp/houses.ts'
import { killPrograms, startProgram } from '../support/programs.ts'

let house: OpenedHouse | undefined
afterEach(async () => {
  killPrograms()
  await house?.stop()
  house = undefined
})

type Env = Readonly<Record<string, string>>

/** Runs `npm run -s idp:check -- --json` with the settings of both programs. */
async function check(env: Env = {}) {
  const both = { ...house?.environment.client, ...house?.environment.mcp, ...env }
  const { code, stdout } = await startProgram('resource-server/idp-check/main.ts', both, ['--json']).ended
  const { abilities, findings, profile } = JSON.parse(stdout)
  return {
    code,
    profile,
    works: Object.fromEntries(
      abilities.map(({ name, works }: { name: string; works: unknown }) => [name, works]),
    ),
    wrong: findings.filter(({ level }: { level: string }) => level === 'missing' || level === 'warning'),
  }
}

describe('npm run idp:check says of a stand-in what its tests prove', () => {
  it.each([
    ['okta', openOkta, { introspection: true, jwt: true, revocation: true, 'step-up': false }],
    ['auth0', openAuth0, { introspection: false, jwt: true, revocation: true, 'step-up': true }],
    ['entra', openEntra, { introspection: false, jwt: true, revocation: false, 'step-up': false }],
    ['google', openGoogle, { introspection: false, jwt: false, revocation: true, 'step-up': false }],
  ])('%s', async (profile, open, expected) => {
    house = await open()
    const works = { login: true, refresh: true, ...expected }
    expect(await check()).toEqual({ code: 0, profile, works, wrong: [] })
  })

  it.each([
    ['okta', openOkta, { RESOURCE_CLIENT_SECRET: 'wrong' }, 'introspection', /API Services app/],
    [
      'okta',
      openOkta,
      { CLIENT_ID: 'nobody' },
      'client',
      /Native Application: .*http:\/\/127\.0\.0\.1:\d+\/callback/,
    ],
    ['okta', openOkta, { CLIENT_ID: '' }, 'setting', /Applications > your native application/],
    ['entra', openEntra, { ACCEPTED_AUDIENCES: '' }, 'setting', /Application \(client\) ID/],
    ['google', openGoogle, { SCOPE_MAP: '' }, 'setting', /by e-mail address/],
  ])('%s: and where something is wrong, where to change it', async (_, open, env, about, change) => {
    house = await open()
    const { code, wrong } = await check(env as Env)
    expect(wrong).toEqual([
      expect.objectContaining({ about, level: 'missing', change: expect.stringMatching(change) }),
    ])
    expect(code).toBe(1)
  })
})
