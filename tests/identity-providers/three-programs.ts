import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type ClientHome, makeClientHome, printedUrl } from '../support/client-process.ts'
import { killPrograms, type Program, startProgram } from '../support/programs.ts'
import type { Harness } from './harness.ts'

/** What a person does at one identity provider's pages, in a real browser. */
export interface ThreeProgramsOptions {
  readonly title: string
  readonly harness: Harness
  /** The page that says what to set. */
  readonly docs: string
  /** What the page's variables are here. */
  readonly values?: Readonly<Record<string, string>>
  /** What the client and the check must be told besides, because the MCP server is not at its usual port. */
  readonly env?: Readonly<Record<string, string>>
  /** Signs alice in and allows what is asked; the page is at the authorization URL. */
  readonly allow: (page: Page) => Promise<void>
  /** Signs bob in and turns the client away. Absent where there is no such button. */
  readonly deny?: (page: Page) => Promise<void>
  /** Sorted. */
  readonly granted: readonly string[]
  /** What `logout` says. */
  readonly loggedOut: string
  /** What `whoami` shows. */
  readonly whoami: RegExp
}

/**
 * What a page has people type before `npm run` NAME.
 * @param given values that replace the page's
 * @throws Error when the page has no such line
 */
export async function readVariables(
  docs: string,
  name: string,
  given: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const lines = (await readFile(docs, 'utf8')).split('\n')
  const line = lines.find((one) => one.endsWith(`npm run ${name}`) && one.includes('='))
  if (line === undefined) throw new Error(`${docs} does not say how to run ${name}.`)
  const words = line.split(' npm run ')[0]?.trim().split(' ') ?? []
  return Object.fromEntries(
    words.map((word) => {
      const [variable = '', value = ''] = word.split(/=(.*)/s)
      return [variable, given[variable] ?? value]
    }),
  )
}

/** The page's commands, as a person runs them. */
export function describeThreePrograms(options: ThreeProgramsOptions): void {
  const { title, harness, docs, values, env } = options
  const { issuer, mcpPort, resource } = harness
  let mcp: Program
  let browser: Browser
  let page: Page
  let home: ClientHome

  const variablesFor = async (program: string) =>
    await readVariables(docs, program, { ...values, ISSUER: issuer, RESOURCE: resource })

  describe(`the commands for ${title} in ${docs}`, () => {
    beforeAll(async () => {
      const forMcp = { ...(await variablesFor('mcp')), PORT: String(mcpPort) }
      mcp = startProgram('resource-server/main.ts', forMcp)
      home = await makeClientHome({ ...(await variablesFor('client')), ...env })
      browser = await launchBrowser()
      page = await browser.newPage()
      await mcp.wrote(/Ctrl-C stops it/)
    }, 120_000)
    afterAll(async () => {
      killPrograms()
      await browser.close()
      await home.remove()
    })

    it('start an MCP server that says what it found, and where it does otherwise', () => {
      const { stdout } = mcp.output
      expect(stdout).toContain(`issuer      ${issuer}\n`)
      expect(stdout).toMatch(new RegExp(`profile +\\w+ \\(${title}: proven live`))
      expect(stdout).toContain('validation  introspection: ')
      expect(stdout).toContain(`audience    ${resource}`)
      expect(stdout).toContain('note        ')
      expect(stdout).not.toContain('problem')
    })

    it('pass the check before anybody signs in', async () => {
      const forCheck = { ...(await variablesFor('mcp')), ...env }
      const { code, stdout } = await startProgram('resource-server/idp-check/main.ts', forCheck).ended
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^ +ok +introspection/m)])
      expect(stdout).toMatch(/^ +ok +refresh/m)
    })

    it('sign alice in with a real browser, and call tools', async () => {
      const login = home.run('login')
      await page.goto(await printedUrl(login))
      await options.allow(page)
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
      expect(await login.ended).toMatchObject({ code: 0 })
      const [, granted = ''] = /Granted: (.*)\./.exec(login.output.stderr) ?? []
      expect(granted.split(' ').sort()).toEqual(options.granted)

      const whoami = await home.run('whoami').ended
      expect(whoami).toMatchObject({ code: 0, stdout: expect.stringMatching(options.whoami) })
      expect(await home.run('call', 'read_data', 'resource_id=doc1').ended).toMatchObject({ code: 0 })
      expect(await home.run('logout').ended).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(options.loggedOut),
      })
    }, 120_000)

    if (options.deny) {
      it('tell somebody who refuses that access was denied', async () => {
        const login = home.run('login')
        await page.context().clearCookies()
        await page.goto(await printedUrl(login))
        await options.deny?.(page)
        const { code, stderr } = await login.ended
        expect([code, stderr]).toEqual([3, expect.stringContaining('access_denied')])
      }, 120_000)
    }
  })
}
